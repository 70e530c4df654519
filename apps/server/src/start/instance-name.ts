/** A host's name as an instance's: what `instanceSchema` does not take becomes `-`, and none begins with that. */
export function instanceOfHost(hostName: string): string {
  const name = hostName.replaceAll(/[^A-Za-z0-9._-]/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name.slice(0, 64) || "waybill";
}
