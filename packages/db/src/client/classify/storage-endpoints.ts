import type { EndpointRow } from "./operation-class.ts";

/** Every endpoint that storage-js calls; the first line that fits decides. */
export const storageEndpoints: readonly EndpointRow[] = [
  ["GET", "bucket", "read", "storage.buckets"],
  ["POST", "bucket", "create", "storage.buckets"],
  ["GET", "bucket/*", "read", "storage.buckets"],
  ["PUT", "bucket/*", "update", "storage.buckets"],
  ["DELETE", "bucket/*", "delete", "storage.buckets"],
  ["POST", "bucket/*/empty", "delete", "storage.objects"],
  ["GET", "bucket/*/lifecycle", "read", "storage.buckets"],
  ["PUT|DELETE", "bucket/*/lifecycle", "update", "storage.buckets"],
  ["POST", "object/list/*", "read", "storage.objects"],
  ["POST", "object/list-v2/*", "read", "storage.objects"],
  ["POST", "object/sign/**", "read", "storage.objects"],
  ["POST", "object/upload/sign/**", "read", "storage.objects"],
  ["PUT", "object/upload/sign/**", "create", "storage.objects"],
  ["POST", "object/move", "update", "storage.objects"],
  ["POST", "object/copy", "create", "storage.objects"],
  ["GET|HEAD", "object/**", "read", "storage.objects"],
  ["GET|HEAD", "render/**", "read", "storage.objects"],
  ["POST", "object/**", "create", "storage.objects"],
  ["PUT", "object/**", "update", "storage.objects"],
  ["DELETE", "object/**", "delete", "storage.objects"],
  // the copies at the edge go, the object stays
  ["DELETE", "cdn/**", "update", "storage.objects"],
  ["POST", "upload/resumable", "create", "storage.objects"],
  ["POST", "upload/resumable/**", "create", "storage.objects"],
  ["HEAD", "upload/resumable/**", "read", "storage.objects"],
  ["PATCH", "upload/resumable/**", "create", "storage.objects"],
  ["DELETE", "upload/resumable/**", "delete", "storage.objects"],
  ["GET", "iceberg/bucket", "read", "storage.buckets_analytics"],
  ["POST", "iceberg/bucket", "create", "storage.buckets_analytics"],
  ["DELETE", "iceberg/bucket/*", "delete", "storage.buckets_analytics"],
  ["POST", "vector/CreateVectorBucket", "create", "storage.buckets_vectors"],
  ["POST", "vector/GetVectorBucket", "read", "storage.buckets_vectors"],
  ["POST", "vector/ListVectorBuckets", "read", "storage.buckets_vectors"],
  ["POST", "vector/DeleteVectorBucket", "delete", "storage.buckets_vectors"],
  ["POST", "vector/CreateIndex", "create", "storage.vector_indexes"],
  ["POST", "vector/GetIndex", "read", "storage.vector_indexes"],
  ["POST", "vector/ListIndexes", "read", "storage.vector_indexes"],
  ["POST", "vector/DeleteIndex", "delete", "storage.vector_indexes"],
  ["POST", "vector/PutVectors", "create", "storage.vectors"],
  ["POST", "vector/GetVectors", "read", "storage.vectors"],
  ["POST", "vector/ListVectors", "read", "storage.vectors"],
  ["POST", "vector/QueryVectors", "read", "storage.vectors"],
  ["POST", "vector/DeleteVectors", "delete", "storage.vectors"],
];

/** Answers that carry a signed URL or an upload token. */
export function isSigning(segments: readonly string[]): boolean {
  return segments[0] === "object" && (segments[1] === "sign" || (segments[1] === "upload" && segments[2] === "sign"));
}

/** Requests or answers whose body is a file: never gathered in memory, never captured. */
export function isFile(method: string, segments: readonly string[]): boolean {
  const [root, kind] = segments;
  if (root === "render" || root === "upload") return true;
  if (root !== "object") return false;
  if (method === "GET") return kind !== "info";
  if (method === "PUT") return true;
  return method === "POST" && !["list", "list-v2", "sign", "move", "copy"].includes(kind ?? "") && !isSigning(segments);
}
