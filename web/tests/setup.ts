// Simulated documents do not say that they are in standards mode, which KaTeX asks for.
if (typeof document !== "undefined") {
  Object.defineProperty(document, "compatMode", { value: "CSS1Compat", configurable: true });
}
