import type { ASTNode } from "@marcbachmann/cel-js";

/** Macros that go through a list, with the name they give to each item. */
const loopNames = new Set(["all", "exists", "exists_one", "filter", "map"]);

export interface Loop {
  readonly list: ASTNode;
  readonly variable: string;
  readonly bodies: readonly ASTNode[];
  readonly name: string;
}

/** A node as a loop over a list; null when it is none. */
export function loopOf(node: ASTNode): Loop | null {
  if (node.op !== "rcall") return null;
  const [name, list, [variable, ...bodies]] = node.args;
  if (!loopNames.has(name) || variable?.op !== "id") return null;
  return { list, variable: variable.args, bodies, name };
}

/** The nodes that stand directly in a node. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  if (node.op === "value" || node.op === "id") return [];
  if (node.op === "." || node.op === ".?") return [node.args[0]];
  if (node.op === "!_" || node.op === "-_") return [node.args];
  if (node.op === "call") return node.args[1];
  if (node.op === "rcall") return [node.args[1], ...node.args[2]];
  if (node.op === "map") return node.args.flat();
  return node.args;
}

/** What a path such as `address.lines[0].text` begins with; null when it begins with no name. */
export function rootOf(node: ASTNode): string | null {
  let at = node;
  while (at.op === "." || at.op === "[]") at = at.args[0];
  return at.op === "id" ? at.args : null;
}

/** How many times as long as the longest text that a node looks at one can be that it puts together. */
export function growthOf(node: ASTNode): number {
  const loop = loopOf(node);
  if (loop !== null) return growthOf(loop.list) * Math.max(...loop.bodies.map(growthOf));
  const grown = childrenOf(node).map(growthOf);
  return node.op === "+" ? grown.reduce((sum, one) => sum + one, 0) : Math.max(1, ...grown);
}
