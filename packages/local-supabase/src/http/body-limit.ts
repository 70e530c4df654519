/** Storage's largest object (50 MiB by default), and what surrounds it in a form. */
export const maxBodyBytes = 64 * 1024 * 1024;

/** Answers 413 to a body that is too large, without reading more of it than the limit. */
export async function withBodyLimit(
  request: Request,
  handler: (request: Request) => Promise<Response>,
  limit: number = maxBodyBytes,
): Promise<Response> {
  const announced = request.headers.get("content-length");
  if (announced !== null) return Number(announced) > limit ? tooLarge(limit) : handler(request);
  if (request.body === null) return handler(request);
  // Sent in chunks, of which nobody knows how many will come.
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > limit) return tooLarge(limit);
    chunks.push(chunk);
  }
  const { url, method, headers, signal } = request;
  return handler(new Request(url, { method, headers, signal, body: Buffer.concat(chunks) }));
}

function tooLarge(limit: number): Response {
  const message = `The request's body is larger than ${limit} bytes. Send it in parts.`;
  // Not with `connection: close`: the answer is lost when a connection closes under a caller who is still sending.
  return Response.json({ code: "413", message }, { status: 413 });
}
