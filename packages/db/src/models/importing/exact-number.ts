/** A number as Postgres writes it, as a double; null where no double is it, to the last digit that it is written with. */
export function exactNumber(text: string): number | null {
  const value = Number(text);
  if (!Number.isFinite(value) || !/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) return null;
  return digits(text) === digits(String(value)) ? value : null;
}

/** The same text for the same decimal number. */
function digits(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^([-+]?)(\d*)\.?(\d*)(?:e([-+]?\d+))?$/i.exec(text) ?? [];
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = all.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign === "-" ? "-" : ""}${significant}e${Number(exponent) - fraction.length + all.length - significant.length}`;
}
