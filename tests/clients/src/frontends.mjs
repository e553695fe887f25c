// Runs official clients against the server at MILLRACE_URL and writes what they saw, as JSON.

import { agUiScenarios } from "./ag-ui.mjs";
import { aiSdkScenarios } from "./ai-sdk.mjs";
import { crossScenarios } from "./cross.mjs";
import { socketIoScenarios } from "./socketio.mjs";
import { guest, observe } from "./support.mjs";

const headers = await guest();
const seen = await observe({
  ...aiSdkScenarios(headers),
  ...agUiScenarios(headers),
  ...crossScenarios(headers),
  ...socketIoScenarios(headers),
});
// What a scenario that failed has left open must not hold the process.
process.stdout.write(JSON.stringify({ headers, seen }), () => process.exit());
