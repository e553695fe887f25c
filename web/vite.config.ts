import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the server. */
const SERVER = process.env["MILLRACE_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  // Relative to the <base> of index.html, so that the page also works under a prefix.
  base: "./",
  plugins: [react(), oneFontFormat()],
  build: {
    outDir: "../src/millrace/web",
    emptyOutDir: true,
    target: "es2022",
    // The largest is the grammar of C++, downloaded by whoever reads C++.
    chunkSizeWarningLimit: 900,
  },
  // What the worker needs of its grammars is downloaded as the page's own parts are: each when it is needed.
  worker: { format: "es" },
  server: {
    proxy: {
      "/metrics": { target: SERVER, changeOrigin: false },
      // The server compares Origin with Host: both must say what the browser said.
      "/api": { target: SERVER, ws: true, changeOrigin: false },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
  },
});

/** KaTeX names each of its fonts in three formats; every browser we support reads the first. */
function oneFontFormat(): Plugin {
  return {
    name: "one-font-format",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith("katex.min.css")) return null;
      return code.replace(/,url\([^)]+\) format\("(?:woff|truetype)"\)/g, "");
    },
  };
}
