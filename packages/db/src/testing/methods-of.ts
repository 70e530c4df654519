/** The public methods of a part of supabase-js: its prototypes' for an instance, its own for a plain object of functions. */
export function methodsOf(part: object): string[] {
  const prototype: unknown = Object.getPrototypeOf(part);
  if (prototype === Object.prototype) return functionsOf(part);
  if (typeof prototype !== "object" || prototype === null) return [];
  return [
    ...functionsOf(prototype),
    ...(Object.getPrototypeOf(prototype) === Object.prototype ? [] : methodsOf(prototype)),
  ];
}

function functionsOf(owner: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(owner))
    .filter(([name, { value }]) => typeof value === "function" && !name.startsWith("_"))
    .map(([name]) => name);
}
