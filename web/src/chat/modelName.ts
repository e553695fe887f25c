/** A model's own name, without its provider. */
export function modelName(id: string): string {
  return id.slice(id.indexOf("/") + 1);
}
