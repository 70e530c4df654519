const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token in the form of a JWT; its signature is none. */
export function token(claims: object, header: object = { alg: "HS256", typ: "JWT" }): string {
  return `${part(header)}.${part(claims)}.c2lnbmF0dXJl`;
}
