import type { ParityCase } from "../parity-case.ts";

const id = "11111111-1111-4111-8111-111111111111";

const provider = {
  provider_type: "oauth2",
  identifier: "custom:x",
  name: "x",
  client_id: "i",
  client_secret: "s",
} as const;

export const adminCases: readonly ParityCase[] = [
  ["signOut", (w) => w.admin.auth.admin.signOut(w.accessToken)],
  ["inviteUserByEmail", (w) => w.admin.auth.admin.inviteUserByEmail(`new-${w.email}`)],
  ["generateLink", (w) => w.admin.auth.admin.generateLink({ type: "magiclink", email: w.email })],
  [
    "createUser",
    (w) => w.admin.auth.admin.createUser({ email: `new-${w.email}`, password: w.password, email_confirm: true }),
  ],
  [
    "createUser that is there",
    (w) => w.admin.auth.admin.createUser({ email: w.email, password: w.password }),
    "refused",
  ],
  ["createUser as somebody", (w) => w.user.auth.admin.createUser({ email: `new-${w.email}` }), "refused"],
  ["listUsers", (w) => w.admin.auth.admin.listUsers({ page: 1000, perPage: 1 })],
  ["getUserById", (w) => w.admin.auth.admin.getUserById(w.userId)],
  ["getUserById of nobody", (w) => w.admin.auth.admin.getUserById(id), "refused"],
  ["updateUserById", (w) => w.admin.auth.admin.updateUserById(w.userId, { app_metadata: { role: "x" } })],
  ["deleteUser", (w) => w.admin.auth.admin.deleteUser(w.userId)],
  ["deleteUser of nobody", (w) => w.admin.auth.admin.deleteUser(id), "refused"],
];

export const adminMfaCases: readonly ParityCase[] = [
  ["listFactors", (w) => w.admin.auth.admin.mfa.listFactors({ userId: w.userId })],
  ["deleteFactor", (w) => w.admin.auth.admin.mfa.deleteFactor({ userId: w.userId, id }), "refused"],
];

export const adminOauthCases: readonly ParityCase[] = [
  ["listClients", (w) => w.admin.auth.admin.oauth.listClients(), "refused"],
  ["createClient", (w) => w.admin.auth.admin.oauth.createClient({ client_name: "n", redirect_uris: [] }), "refused"],
  ["getClient", (w) => w.admin.auth.admin.oauth.getClient(id), "refused"],
  ["updateClient", (w) => w.admin.auth.admin.oauth.updateClient(id, {}), "refused"],
  ["deleteClient", (w) => w.admin.auth.admin.oauth.deleteClient(id), "refused"],
  ["regenerateClientSecret", (w) => w.admin.auth.admin.oauth.regenerateClientSecret(id), "refused"],
];

export const adminProviderCases: readonly ParityCase[] = [
  ["listProviders", (w) => w.admin.auth.admin.customProviders.listProviders(), "refused"],
  ["getProvider", (w) => w.admin.auth.admin.customProviders.getProvider("custom:x"), "refused"],
  ["createProvider", (w) => w.admin.auth.admin.customProviders.createProvider(provider), "refused"],
  ["updateProvider", (w) => w.admin.auth.admin.customProviders.updateProvider("custom:x", { name: "n" }), "refused"],
  ["deleteProvider", (w) => w.admin.auth.admin.customProviders.deleteProvider("custom:x"), "refused"],
];

export const adminPasskeyCases: readonly ParityCase[] = [
  ["listPasskeys", (w) => w.admin.auth.admin.passkey.listPasskeys({ userId: w.userId }), "refused"],
  ["deletePasskey", (w) => w.admin.auth.admin.passkey.deletePasskey({ userId: w.userId, passkeyId: id }), "refused"],
];
