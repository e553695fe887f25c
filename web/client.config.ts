import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The client as one module beside the page, for web pages without a build: `import ... from "/client.js"`. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "../src/millrace/web",
    emptyOutDir: false,
    target: "es2022",
    lib: {
      entry: fileURLToPath(new URL("../clients/client/src/index.ts", import.meta.url)),
      formats: ["es"],
      fileName: () => "client.js",
    },
  },
});
