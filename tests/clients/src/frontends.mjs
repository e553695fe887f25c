// Runs official clients against the server at MILLRACE_URL and writes what they saw, as JSON.

import { agUiScenarios } from "./ag-ui.mjs";
import { aiSdkScenarios } from "./ai-sdk.mjs";
import { guest, observe } from "./support.mjs";

const headers = await guest();
const seen = await observe({ ...aiSdkScenarios(headers), ...agUiScenarios(headers) });
process.stdout.write(JSON.stringify({ headers, seen }));
