/**
 * lite looks for the file of an upload under the name `file`; supabase-js, like every client of hosted Storage,
 * sends it without a name. So a form becomes what an upload without one is: the bytes, and headers for the rest.
 */
export async function withoutForm(request: Request): Promise<Request> {
  const isForm = request.headers.get("content-type")?.startsWith("multipart/form-data") ?? false;
  if (!isForm || !new URL(request.url).pathname.startsWith("/storage/v1/object/")) return request;
  const form = await request.formData();
  const file = [...form.values()].find((value) => value instanceof File);
  const headers = new Headers(request.headers);
  headers.set("content-type", file?.type || "application/octet-stream");
  headers.set("content-length", String(file?.size ?? 0));
  const cacheControl = form.get("cacheControl");
  if (typeof cacheControl === "string") headers.set("cache-control", `max-age=${cacheControl}`);
  const metadata = form.get("metadata");
  if (typeof metadata === "string") headers.set("x-metadata", Buffer.from(metadata).toString("base64"));
  const { url, method, signal } = request;
  return new Request(url, { method, headers, signal, body: file ? await file.arrayBuffer() : null });
}
