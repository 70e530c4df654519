import type { SupabaseClient } from "@supabase/supabase-js";
import {
  adminCases,
  adminMfaCases,
  adminOauthCases,
  adminPasskeyCases,
  adminProviderCases,
} from "./cases/auth-admin.ts";
import { authCases, mfaCases, oauthCases, passkeyCases, recoveryCodeCases } from "./cases/auth.ts";
import { builderCases, clientCases, functionCases, queryCases } from "./cases/data.ts";
import { filterCases } from "./cases/filters.ts";
import * as storage from "./cases/storage.ts";
import type { ParityCase } from "./parity-case.ts";

/** An object of supabase-js, and the cases of its methods. */
export interface Part {
  readonly name: string;
  readonly needs: "rows" | "account" | "files";
  readonly of: (supabase: SupabaseClient) => object;
  readonly cases: readonly ParityCase[];
  /** Methods that send nothing, or that are another one's inner part. */
  readonly quiet?: string;
}

const OF_STORAGE = "setHeader handleOperation throwOnError";

export const parts: readonly Part[] = [
  {
    name: "the client",
    needs: "rows",
    of: (c) => c,
    cases: clientCases,
    quiet: "channel getChannels removeChannel removeAllChannels",
  },
  { name: "from", needs: "rows", of: (c) => c.from("t"), cases: queryCases, quiet: "cloneRequestState" },
  {
    name: "the query builder",
    needs: "rows",
    of: (c) => c.from("t").select(),
    cases: [...filterCases, ...builderCases],
    quiet: "processResponse",
  },
  { name: "functions", needs: "rows", of: (c) => c.functions, cases: functionCases, quiet: "setAuth" },
  {
    name: "auth",
    needs: "account",
    of: (c) => c.auth,
    cases: authCases,
    quiet: `isThrowOnErrorEnabled onAuthStateChange startAutoRefresh stopAutoRefresh dispose fetchJwk
      signInWithEthereum signInWithSolana linkIdentityOAuth linkIdentityIdToken`,
  },
  { name: "auth.mfa", needs: "account", of: (c) => c.auth.mfa, cases: mfaCases },
  {
    name: "auth.mfa.webauthn",
    needs: "account",
    of: (c) => c.auth.mfa.webauthn,
    // a browser's authenticator between two calls of auth.mfa
    cases: [],
  },
  { name: "auth.mfa.recoveryCodes", needs: "account", of: (c) => c.auth.mfa.recoveryCodes, cases: recoveryCodeCases },
  { name: "auth.oauth", needs: "account", of: (c) => c.auth.oauth, cases: oauthCases },
  {
    name: "auth.passkey",
    needs: "account",
    of: (c) => c.auth.passkey,
    cases: passkeyCases,
    // they take what a browser's authenticator answered
    quiet: "verifyRegistration verifyAuthentication",
  },
  { name: "auth.admin", needs: "account", of: (c) => c.auth.admin, cases: adminCases },
  { name: "auth.admin.mfa", needs: "account", of: (c) => c.auth.admin.mfa, cases: adminMfaCases },
  { name: "auth.admin.oauth", needs: "account", of: (c) => c.auth.admin.oauth, cases: adminOauthCases },
  {
    name: "auth.admin.customProviders",
    needs: "account",
    of: (c) => c.auth.admin.customProviders,
    cases: adminProviderCases,
  },
  { name: "auth.admin.passkey", needs: "account", of: (c) => c.auth.admin.passkey, cases: adminPasskeyCases },
  {
    name: "storage",
    needs: "files",
    of: (c) => c.storage,
    cases: storage.bucketCases,
    quiet: "setHeader handleOperation bucketLifecycleUrl listBucketOptionsToQueryString",
  },
  {
    name: "storage.from",
    needs: "files",
    of: (c) => c.storage.from("b"),
    cases: storage.fileCases,
    quiet: `${OF_STORAGE} uploadOrUpdate prepareUploadFormData encodeMetadata toBase64 applyTransformOptsToQuery`,
  },
  {
    name: "storage.vectors",
    needs: "rows",
    of: (c) => c.storage.vectors,
    cases: storage.vectorCases,
    quiet: `${OF_STORAGE} from`,
  },
  {
    name: "storage.vectors.from",
    needs: "rows",
    of: (c) => c.storage.vectors.from("b"),
    cases: storage.vectorBucketCases,
    quiet: `${OF_STORAGE} index`,
  },
  {
    name: "storage.vectors.from.index",
    needs: "rows",
    of: (c) => c.storage.vectors.from("b").index("i"),
    cases: storage.vectorIndexCases,
    quiet: OF_STORAGE,
  },
  {
    name: "storage.analytics",
    needs: "rows",
    of: (c) => c.storage.analytics,
    cases: storage.analyticsCases,
    // the catalog is another library
    quiet: `${OF_STORAGE} from`,
  },
  {
    name: "a channel",
    needs: "rows",
    of: (c) => c.channel("c"),
    cases: storage.channelCases,
    quiet: `subscribe presenceState track untrack on send updateJoinPayload unsubscribe teardown copyBindings`,
  },
];
