import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { methodsOf } from "../../testing/methods-of.ts";
import { json, stubUpstream, type StubUpstream } from "../testing/stub-upstream.ts";
import { tracked } from "../testing/tracked.ts";

type Case = [method: string, call: (supabase: SupabaseClient) => PromiseLike<unknown>, recorded: string];

/** Methods that send nothing themselves, or that are another one's inner part. */
const quiet = new Set(
  `constructor fetch throwOnError setHeader handleOperation
  logger isThrowOnErrorEnabled initialize getSession setSession onAuthStateChange startAutoRefresh stopAutoRefresh
  dispose fetchJwk getClaims signInWithOAuth signInWithEthereum signInWithSolana linkIdentityOAuth linkIdentityIdToken
  signInWithPasskey registerPasskey from bucketLifecycleUrl listBucketOptionsToQueryString uploadOrUpdate getPublicUrl
  prepareUploadFormData encodeMetadata toBase64 applyTransformOptsToQuery`.split(/\s+/),
);

const id = "11111111-1111-4111-8111-111111111111";
const email = "a@b.co";
const password = "x";
const options = { redirectTo: "https://a.example" };

// What supabase-js really sends, method by method, against decisions.md "operation types".
const data: Case[] = [
  ["select", (c) => c.from("t").select(), "read t"],
  ["select head", (c) => c.from("t").select("*", { head: true, count: "exact" }), "read t"],
  ["select of another schema", (c) => c.schema("s").from("t").select(), "read s.t"],
  ["insert", (c) => c.from("t").insert({ a: 1 }), "create t"],
  ["insert of another schema", (c) => c.schema("s").from("t").insert({ a: 1 }), "create s.t"],
  ["upsert", (c) => c.from("t").upsert({ a: 1 }), "create t upsert"],
  ["upsert ignoring", (c) => c.from("t").upsert({ a: 1 }, { ignoreDuplicates: true }), "create t upsert"],
  ["update", (c) => c.from("t").update({ a: 1 }).eq("a", 2), "update t"],
  ["delete", (c) => c.from("t").delete().eq("a", 2), "delete t"],
  ["rpc", (c) => c.rpc("f", { a: 1 }), "update f"],
  ["rpc get", (c) => c.rpc("f", { a: 1 }, { get: true }), "read f"],
  ["rpc head", (c) => c.rpc("f", { a: 1 }, { head: true }), "read f"],
  ["rpc that says read", (c) => c.rpc("f").setHeader("x-waybill-operation", "read"), "read f"],
  ["rpc of another schema", (c) => c.schema("s").rpc("f"), "update s.f"],
  ["invoke", (c) => c.functions.invoke("f", { body: {} }), "update f"],
  ["invoke get", (c) => c.functions.invoke("f", { method: "GET" }), "update f"],
];

const auth: Case[] = [
  ["signInAnonymously", (c) => c.auth.signInAnonymously(), "create auth.users"],
  ["signUp", (c) => c.auth.signUp({ email, password }), "create auth.users"],
  ["signInWithPassword", (c) => c.auth.signInWithPassword({ email, password }), "create auth.sessions"],
  ["exchangeCodeForSession", (c) => c.auth.exchangeCodeForSession("c"), "create auth.sessions"],
  ["signInWithIdToken", (c) => c.auth.signInWithIdToken({ provider: "google", token: "t" }), "create auth.sessions"],
  [
    "signInWithWeb3",
    (c) => c.auth.signInWithWeb3({ chain: "ethereum", message: "m", signature: "0x0" }),
    "create auth.sessions",
  ],
  ["signInWithOtp", (c) => c.auth.signInWithOtp({ email }), "create auth.one_time_tokens"],
  ["verifyOtp", (c) => c.auth.verifyOtp({ email, token: "1", type: "email" }), "create auth.sessions"],
  ["signInWithSSO", (c) => c.auth.signInWithSSO({ domain: "a.example" }), "create auth.sessions"],
  ["reauthenticate", (c) => c.auth.reauthenticate(), "create auth.one_time_tokens"],
  ["resend", (c) => c.auth.resend({ email, type: "signup" }), "create auth.one_time_tokens"],
  ["getUser", (c) => c.auth.getUser(), "read auth.users"],
  ["getUserIdentities", (c) => c.auth.getUserIdentities(), "read auth.users"],
  ["updateUser", (c) => c.auth.updateUser({ password }), "update auth.users"],
  ["refreshSession", (c) => c.auth.refreshSession(), "create auth.sessions"],
  ["signOut", (c) => c.auth.signOut(), "delete auth.sessions"],
  ["resetPasswordForEmail", (c) => c.auth.resetPasswordForEmail(email), "create auth.one_time_tokens"],
  ["linkIdentity", (c) => c.auth.linkIdentity({ provider: "google", options }), "create auth.identities"],
  [
    "unlinkIdentity",
    (c) => c.auth.unlinkIdentity({ id, identity_id: id, user_id: id, provider: "google" }),
    "delete auth.identities",
  ],
  ["mfa.enroll", (c) => c.auth.mfa.enroll({ factorType: "totp" }), "create auth.mfa_factors"],
  ["mfa.challenge", (c) => c.auth.mfa.challenge({ factorId: id }), "create auth.mfa_challenges"],
  ["mfa.verify", (c) => c.auth.mfa.verify({ factorId: id, challengeId: id, code: "1" }), "create auth.sessions"],
  ["mfa.unenroll", (c) => c.auth.mfa.unenroll({ factorId: id }), "delete auth.mfa_factors"],
  ["oauth.getAuthorizationDetails", (c) => c.auth.oauth.getAuthorizationDetails(id), "read auth.oauth_authorizations"],
  ["oauth.approveAuthorization", (c) => c.auth.oauth.approveAuthorization(id), "update auth.oauth_authorizations"],
  ["oauth.denyAuthorization", (c) => c.auth.oauth.denyAuthorization(id), "update auth.oauth_authorizations"],
  ["passkey.list", (c) => c.auth.passkey.list(), "read auth.webauthn_credentials"],
  ["passkey.delete", (c) => c.auth.passkey.delete({ passkeyId: id }), "delete auth.webauthn_credentials"],
  ["passkey.startAuthentication", (c) => c.auth.passkey.startAuthentication(), "create auth.webauthn_challenges"],
  ["oauth.listGrants", (c) => c.auth.oauth.listGrants(), "read auth.oauth_consents"],
  ["oauth.revokeGrant", (c) => c.auth.oauth.revokeGrant({ clientId: id }), "delete auth.oauth_consents"],
];

const admin: Case[] = [
  ["signOut", (c) => c.auth.admin.signOut("e30.e30.c2ln"), "delete auth.sessions"],
  ["inviteUserByEmail", (c) => c.auth.admin.inviteUserByEmail(email), "create auth.users"],
  ["generateLink", (c) => c.auth.admin.generateLink({ type: "magiclink", email }), "create auth.one_time_tokens"],
  ["createUser", (c) => c.auth.admin.createUser({ email }), "create auth.users"],
  ["listUsers", (c) => c.auth.admin.listUsers(), "read auth.users"],
  ["getUserById", (c) => c.auth.admin.getUserById(id), "read auth.users"],
  ["updateUserById", (c) => c.auth.admin.updateUserById(id, { email }), "update auth.users"],
  // it asks first whom it deletes
  ["deleteUser", (c) => c.auth.admin.deleteUser(id), "read auth.users, delete auth.users"],
  ["mfa.listFactors", (c) => c.auth.admin.mfa.listFactors({ userId: id }), "read auth.mfa_factors"],
  ["mfa.deleteFactor", (c) => c.auth.admin.mfa.deleteFactor({ userId: id, id }), "delete auth.mfa_factors"],
  ["oauth.listClients", (c) => c.auth.admin.oauth.listClients(), "read auth.oauth_clients"],
  ["oauth.getClient", (c) => c.auth.admin.oauth.getClient(id), "read auth.oauth_clients"],
  [
    "oauth.createClient",
    (c) => c.auth.admin.oauth.createClient({ client_name: "n", redirect_uris: [] }),
    "create auth.oauth_clients",
  ],
  ["oauth.updateClient", (c) => c.auth.admin.oauth.updateClient(id, {}), "update auth.oauth_clients"],
  ["oauth.deleteClient", (c) => c.auth.admin.oauth.deleteClient(id), "delete auth.oauth_clients"],
  ["oauth.regenerateClientSecret", (c) => c.auth.admin.oauth.regenerateClientSecret(id), "update auth.oauth_clients"],
];

const buckets: Case[] = [
  ["listBuckets", (c) => c.storage.listBuckets(), "read storage.buckets"],
  ["getBucket", (c) => c.storage.getBucket("b"), "read storage.buckets"],
  ["createBucket", (c) => c.storage.createBucket("b", { public: false }), "create storage.buckets"],
  ["updateBucket", (c) => c.storage.updateBucket("b", { public: true }), "update storage.buckets"],
  ["emptyBucket", (c) => c.storage.emptyBucket("b"), "delete storage.objects"],
  ["deleteBucket", (c) => c.storage.deleteBucket("b"), "delete storage.buckets"],
  ["purgeBucketCache", (c) => c.storage.purgeBucketCache("b"), "update storage.objects"],
  ["getBucketLifecycle", (c) => c.storage.getBucketLifecycle("b"), "read storage.buckets"],
  ["updateBucketLifecycle", (c) => c.storage.updateBucketLifecycle("b", { rules: [] }), "update storage.buckets"],
  ["deleteBucketLifecycle", (c) => c.storage.deleteBucketLifecycle("b"), "update storage.buckets"],
];

const vectors: Case[] = [
  ["createBucket", (c) => c.storage.vectors.createBucket("b"), "create storage.buckets_vectors"],
  ["listIndexes", (c) => c.storage.vectors.from("b").listIndexes(), "read storage.vector_indexes"],
  [
    "putVectors",
    (c) =>
      c.storage.vectors
        .from("b")
        .index("i")
        .putVectors({ vectors: [{ key: "k", data: { float32: [1] } }] }),
    "create storage.vectors",
  ],
  [
    "queryVectors",
    (c) =>
      c.storage.vectors
        .from("b")
        .index("i")
        .queryVectors({ queryVector: { float32: [1] }, topK: 1 }),
    "read storage.vectors",
  ],
];

const files: Case[] = [
  ["upload", (c) => c.storage.from("b").upload("a", new Blob(["x"])), "create storage.objects"],
  [
    "upload over",
    (c) => c.storage.from("b").upload("a", new Blob(["x"]), { upsert: true }),
    "create storage.objects upsert",
  ],
  ["update", (c) => c.storage.from("b").update("a", new Blob(["x"])), "update storage.objects"],
  [
    "uploadToSignedUrl",
    (c) => c.storage.from("b").uploadToSignedUrl("a", "t", new Blob(["x"])),
    "create storage.objects",
  ],
  ["createSignedUploadUrl", (c) => c.storage.from("b").createSignedUploadUrl("a"), "read storage.objects"],
  ["createSignedUrl", (c) => c.storage.from("b").createSignedUrl("a", 60), "read storage.objects"],
  ["createSignedUrls", (c) => c.storage.from("b").createSignedUrls(["a"], 60), "read storage.objects"],
  ["download", (c) => c.storage.from("b").download("a"), "read storage.objects"],
  ["download rendered", (c) => c.storage.from("b").download("a", { transform: { width: 1 } }), "read storage.objects"],
  ["info", (c) => c.storage.from("b").info("a"), "read storage.objects"],
  ["exists", (c) => c.storage.from("b").exists("a"), "read storage.objects"],
  ["list", (c) => c.storage.from("b").list("a"), "read storage.objects"],
  ["listV2", (c) => c.storage.from("b").listV2(), "read storage.objects"],
  ["move", (c) => c.storage.from("b").move("a", "c"), "update storage.objects"],
  ["copy", (c) => c.storage.from("b").copy("a", "c"), "create storage.objects"],
  ["remove", (c) => c.storage.from("b").remove(["a"]), "delete storage.objects"],
  ["purgeCache", (c) => c.storage.from("b").purgeCache("a"), "update storage.objects"],
];

let upstream: StubUpstream;
beforeAll(async () => {
  const one = json(200, { user: { id, identities: [] }, url: "/object/x?token=t", signedURL: "/x" });
  const many = json(200, []);
  upstream = await stubUpstream((request, ...rest) => (request.url.endsWith("/sign/b") ? many : one)(request, ...rest));
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** A session that auth-js finds in its storage, so that no method has to sign in first. */
const session = JSON.stringify({
  access_token: "e30.e30.c2ln",
  refresh_token: "r",
  token_type: "bearer",
  expires_in: 3600,
  expires_at: 4_000_000_000,
  user: { id, aud: "authenticated", identities: [] },
});
const storage = {
  getItem: (key: string) => (key.endsWith("verifier") ? '"v"' : session),
  setItem() {},
  removeItem() {},
};

describe.each([
  ["data", data],
  ["auth", auth],
  ["auth.admin", admin],
  ["storage", buckets],
  ["storage.from", files],
  ["storage.vectors", vectors],
] satisfies [string, Case[]][])("%s", (_part, cases) => {
  it.each(cases)("%s", async (_method, call, recorded) => {
    await using client = tracked(upstream.url, { joinRetries: false });
    const supabase = createClient(upstream.url, "sb_secret_x", {
      global: { fetch: client.fetch },
      auth: { storage, persistSession: true, autoRefreshToken: false, experimental: { passkey: true } },
    });
    await call(supabase);
    const said = client.ledger.operations.map(({ intent: { operation_type, table_name, query_data } }) => {
      const upsert = query_data?.includes('"upsert":true') === true ? " upsert" : "";
      return `${operation_type} ${table_name}${upsert}`;
    });
    expect(said.join(", ")).toBe(recorded);
  });
});

it("leaves out no method of this supabase-js", () => {
  const supabase = createClient(upstream.url, "sb_secret_x", { auth: { storage, autoRefreshToken: false } });
  const parts: [object, Case[]][] = [
    [supabase.auth, auth],
    [supabase.auth.admin, admin],
    [supabase.storage, buckets],
    [supabase.storage.from("b"), files],
  ];
  for (const [part, cases] of parts) {
    const tested = new Set(cases.map(([method]) => method.split(" ", 1)[0]));
    expect(methodsOf(part).filter((name) => !tested.has(name) && !quiet.has(name))).toEqual([]);
  }
});
