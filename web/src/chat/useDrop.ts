import { useEffect, useRef, useState } from "react";

/** Whether files are being dragged over the page; those that are let go are handed on. */
export function useDrop(onFiles: (files: File[]) => void): boolean {
  const [over, setOver] = useState(false);
  const take = useRef(onFiles);
  take.current = onFiles;
  useEffect(() => {
    // Entering a child comes before leaving its parent, so both are counted.
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const controller = new AbortController();
    const on = (
      type: "dragenter" | "dragleave" | "dragover" | "drop",
      run: (e: DragEvent) => void,
    ) => addEventListener(type, (event) => hasFiles(event) && run(event), controller);
    on("dragenter", () => {
      depth++;
      setOver(true);
    });
    on("dragleave", () => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    });
    on("dragover", (event) => event.preventDefault());
    on("drop", (event) => {
      event.preventDefault();
      depth = 0;
      setOver(false);
      take.current([...(event.dataTransfer?.files ?? [])]);
    });
    return () => controller.abort();
  }, []);
  return over;
}
