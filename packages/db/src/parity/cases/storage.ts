import type { ParityCase, World } from "../parity-case.ts";

const files = ({ admin, bucket }: World) => admin.storage.from(bucket);
const text = (content: string) => new Blob([content], { type: "text/plain" });

/** A bucket is there, and in it `a.txt` and `d/b.txt`. */
export const bucketCases: readonly ParityCase[] = [
  [
    "listBuckets",
    async (w) => {
      const { data, error } = await w.admin.storage.listBuckets({ search: w.bucket });
      return { data: data?.filter(({ id }) => id === w.bucket), error };
    },
  ],
  ["getBucket", (w) => w.admin.storage.getBucket(w.bucket)],
  ["getBucket that is not there", (w) => w.admin.storage.getBucket("no-such"), "refused"],
  ["createBucket", (w) => w.admin.storage.createBucket(`${w.bucket}-2`, { public: true, fileSizeLimit: 10 })],
  ["createBucket that is there", (w) => w.admin.storage.createBucket(w.bucket), "refused"],
  ["createBucket as nobody", (w) => w.user.storage.createBucket(`${w.bucket}-2`), "refused"],
  ["updateBucket", (w) => w.admin.storage.updateBucket(w.bucket, { public: true })],
  ["emptyBucket", (w) => w.admin.storage.emptyBucket(w.bucket)],
  ["deleteBucket that is full", (w) => w.admin.storage.deleteBucket(w.bucket), "refused"],
  [
    "deleteBucket",
    async (w) => (await w.admin.storage.emptyBucket(w.bucket), await w.admin.storage.deleteBucket(w.bucket)),
  ],
  ["getBucketLifecycle", (w) => w.admin.storage.getBucketLifecycle(w.bucket), "refused"],
  ["updateBucketLifecycle", (w) => w.admin.storage.updateBucketLifecycle(w.bucket, { rules: [] }), "refused"],
  ["deleteBucketLifecycle", (w) => w.admin.storage.deleteBucketLifecycle(w.bucket), "refused"],
  ["purgeBucketCache", (w) => w.admin.storage.purgeBucketCache(w.bucket), "refused"],
  ["throwOnError", (w) => w.admin.storage.throwOnError().getBucket("no-such"), "refused"],
  ["from", (w) => w.user.storage.from(w.bucket).download("a.txt"), "refused"],
];

export const fileCases: readonly ParityCase[] = [
  ["upload a blob", (w) => files(w).upload("n.txt", text("new"))],
  ["upload bytes", (w) => files(w).upload("n.bin", new Uint8Array([0, 255, 10]), { contentType: "application/x-a" })],
  ["upload a string", (w) => files(w).upload("n.txt", "text", { contentType: "text/plain", cacheControl: "60" })],
  ["upload a form", (w) => files(w).upload("n.txt", form("from a form"))],
  [
    "upload a stream",
    (w) => files(w).upload("n.txt", text("streamed").stream(), { duplex: "half", contentType: "text/plain" }),
  ],
  [
    "upload with metadata",
    (w) => files(w).upload("n.txt", text("x"), { metadata: { a: "é" }, headers: { "x-a": "1" } }),
  ],
  ["upload to a name beyond ASCII", (w) => files(w).upload("ü b/c.txt", text("x"))],
  ["upload over", (w) => files(w).upload("a.txt", text("over"), { upsert: true })],
  ["upload of what is there", (w) => files(w).upload("a.txt", text("again")), "refused"],
  ["upload as nobody", (w) => w.user.storage.from(w.bucket).upload("n.txt", text("x")), "refused"],
  ["update", (w) => files(w).update("a.txt", text("updated"))],
  ["createSignedUploadUrl", (w) => files(w).createSignedUploadUrl("n.txt"), "refused"],
  ["uploadToSignedUrl", (w) => files(w).uploadToSignedUrl("n.txt", "t", text("x")), "refused"],
  ["createSignedUrl", (w) => files(w).createSignedUrl("a.txt", 60, { download: "b.txt" })],
  ["createSignedUrl of what is not there", (w) => files(w).createSignedUrl("no.txt", 60), "refused"],
  ["createSignedUrls", (w) => files(w).createSignedUrls(["a.txt", "no.txt"], 60), "refused"],
  ["download", (w) => files(w).download("a.txt")],
  ["download as a stream", (w) => files(w).download("a.txt").asStream()],
  ["download of what is not there", (w) => files(w).download("no.txt"), "refused"],
  ["download aborted", (w) => files(w).download("a.txt", {}, { signal: AbortSignal.abort() }), "refused"],
  ["info", (w) => files(w).info("a.txt")],
  ["info of what is not there", (w) => files(w).info("no.txt"), "refused"],
  ["exists", (w) => files(w).exists("a.txt")],
  ["exists that does not", (w) => files(w).exists("no.txt"), "refused"],
  ["getPublicUrl", async (w) => await Promise.resolve(files(w).getPublicUrl("a b.txt", { download: true }))],
  ["move", (w) => files(w).move("a.txt", "c.txt")],
  ["move of what is not there", (w) => files(w).move("no.txt", "c.txt"), "refused"],
  ["copy", (w) => files(w).copy("a.txt", "c.txt")],
  ["copy of what is not there", (w) => files(w).copy("no.txt", "c.txt"), "refused"],
  ["remove", (w) => files(w).remove(["a.txt", "no.txt"])],
  ["list", (w) => files(w).list()],
  ["list a folder, sorted", (w) => files(w).list("d", { limit: 5, sortBy: { column: "name", order: "desc" } })],
  ["list by a word", (w) => files(w).list("", { search: "a" })],
  ["listV2", (w) => files(w).listV2({ prefix: "d/", with_delimiter: true }), "refused"],
  ["purgeCache", (w) => files(w).purgeCache("a.txt"), "refused"],
];

const vectors = (w: World) => w.admin.storage.vectors;
const index = (w: World) => vectors(w).from("b").index("i");
const float32 = [1];

/** The local stack has none of these: how they are refused is compared. */
export const vectorCases: readonly ParityCase[] = [
  ["createBucket", (w) => vectors(w).createBucket("b"), "refused"],
  ["getBucket", (w) => vectors(w).getBucket("b"), "refused"],
  ["listBuckets", (w) => vectors(w).listBuckets(), "refused"],
  ["deleteBucket", (w) => vectors(w).deleteBucket("b"), "refused"],
];

export const vectorBucketCases: readonly ParityCase[] = [
  [
    "createIndex",
    (w) =>
      vectors(w).from("b").createIndex({ indexName: "i", dataType: "float32", dimension: 1, distanceMetric: "cosine" }),
    "refused",
  ],
  ["getIndex", (w) => vectors(w).from("b").getIndex("i"), "refused"],
  ["listIndexes", (w) => vectors(w).from("b").listIndexes(), "refused"],
  ["deleteIndex", (w) => vectors(w).from("b").deleteIndex("i"), "refused"],
];

export const vectorIndexCases: readonly ParityCase[] = [
  ["putVectors", (w) => index(w).putVectors({ vectors: [{ key: "k", data: { float32 } }] }), "refused"],
  ["getVectors", (w) => index(w).getVectors({ keys: ["k"] }), "refused"],
  ["listVectors", (w) => index(w).listVectors(), "refused"],
  ["queryVectors", (w) => index(w).queryVectors({ queryVector: { float32 }, topK: 1 }), "refused"],
  ["deleteVectors", (w) => index(w).deleteVectors({ keys: ["k"] }), "refused"],
];

export const analyticsCases: readonly ParityCase[] = [
  ["createBucket", (w) => w.admin.storage.analytics.createBucket("b"), "refused"],
  ["listBuckets", (w) => w.admin.storage.analytics.listBuckets(), "refused"],
  ["deleteBucket", (w) => w.admin.storage.analytics.deleteBucket("b"), "refused"],
];

/** Of a channel, what goes over HTTP. */
export const channelCases: readonly ParityCase[] = [
  ["httpSend", (w) => w.user.channel("c").httpSend("e", { a: 1 }), "refused"],
];

function form(content: string): FormData {
  const made = new FormData();
  made.set("", text(content));
  return made;
}
