import type { ParityCase } from "../parity-case.ts";

const id = "11111111-1111-4111-8111-111111111111";
const options = { redirectTo: "https://a.example" };
const web3 = { chain: "ethereum", message: "m", signature: "0x0" } as const;

/** Somebody has signed in already. */
export const authCases: readonly ParityCase[] = [
  ["signInAnonymously", (w) => w.user.auth.signInAnonymously(), "refused"],
  [
    "signUp",
    (w) => w.user.auth.signUp({ email: `new-${w.email}`, password: w.password, options: { data: { a: "é" } } }),
  ],
  ["signUp of who is there", (w) => w.user.auth.signUp({ email: w.email, password: w.password }), "refused"],
  ["signUp with a weak password", (w) => w.user.auth.signUp({ email: `new-${w.email}`, password: "x" }), "refused"],
  ["signInWithPassword", (w) => w.user.auth.signInWithPassword(w)],
  ["signInWithPassword that is wrong", (w) => w.user.auth.signInWithPassword({ ...w, password: "wrong" }), "refused"],
  [
    "signInWithOAuth",
    (w) => w.user.auth.signInWithOAuth({ provider: "github", options: { ...options, skipBrowserRedirect: true } }),
  ],
  [
    "signInWithWeb3 of Solana",
    (w) => w.user.auth.signInWithWeb3({ ...web3, chain: "solana", signature: new Uint8Array(64) }),
    "refused",
  ],
  ["signInWithWeb3 of Ethereum", (w) => w.user.auth.signInWithWeb3(web3), "refused"],
  ["signInWithIdToken", (w) => w.user.auth.signInWithIdToken({ provider: "google", token: "t" }), "refused"],
  ["signInWithOtp", (w) => w.user.auth.signInWithOtp({ email: w.email })],
  ["signInWithSSO", (w) => w.user.auth.signInWithSSO({ domain: "a.example" }), "refused"],
  ["signInWithPasskey", (w) => w.user.auth.signInWithPasskey(), "refused"],
  ["registerPasskey", (w) => w.user.auth.registerPasskey(), "refused"],
  ["verifyOtp", (w) => w.user.auth.verifyOtp({ email: w.email, token: "1", type: "email" }), "refused"],
  ["exchangeCodeForSession", (w) => w.user.auth.exchangeCodeForSession("c"), "refused"],
  ["reauthenticate", (w) => w.user.auth.reauthenticate()],
  ["resend", (w) => w.user.auth.resend({ email: w.email, type: "signup" })],
  ["resetPasswordForEmail", (w) => w.user.auth.resetPasswordForEmail(w.email)],
  ["initialize", (w) => w.user.auth.initialize()],
  ["getSession", (w) => w.user.auth.getSession()],
  ["getUser", (w) => w.user.auth.getUser()],
  ["getUser by a token", (w) => w.user.auth.getUser(w.accessToken)],
  ["getUser by a token that is none", (w) => w.user.auth.getUser("e30.e30.c2ln"), "refused"],
  ["getClaims", (w) => w.user.auth.getClaims()],
  ["getUserIdentities", (w) => w.user.auth.getUserIdentities()],
  ["updateUser", (w) => w.user.auth.updateUser({ data: { name: "Zoë" } })],
  [
    "updateUser of nobody",
    async (w) => (await w.user.auth.signOut(), await w.user.auth.updateUser({ data: {} })),
    "refused",
  ],
  ["setSession", (w) => w.user.auth.setSession({ access_token: w.accessToken, refresh_token: w.refreshToken })],
  [
    "setSession that is none",
    (w) => w.user.auth.setSession({ access_token: "e30.e30.c2ln", refresh_token: "r" }),
    "refused",
  ],
  ["refreshSession", (w) => w.user.auth.refreshSession()],
  ["refreshSession that is none", (w) => w.user.auth.refreshSession({ refresh_token: "none" }), "refused"],
  ["signOut", (w) => w.user.auth.signOut()],
  ["signOut of others", (w) => w.user.auth.signOut({ scope: "others" })],
  ["linkIdentity", (w) => w.user.auth.linkIdentity({ provider: "github", options }), "refused"],
  [
    "unlinkIdentity",
    (w) => w.user.auth.unlinkIdentity({ id, identity_id: id, user_id: id, provider: "google" }),
    "refused",
  ],
];

export const mfaCases: readonly ParityCase[] = [
  ["enroll", (w) => w.user.auth.mfa.enroll({ factorType: "totp" }), "refused"],
  ["challenge", (w) => w.user.auth.mfa.challenge({ factorId: id }), "refused"],
  ["verify", (w) => w.user.auth.mfa.verify({ factorId: id, challengeId: id, code: "1" }), "refused"],
  ["challengeAndVerify", (w) => w.user.auth.mfa.challengeAndVerify({ factorId: id, code: "1" }), "refused"],
  ["unenroll", (w) => w.user.auth.mfa.unenroll({ factorId: id }), "refused"],
  ["listFactors", (w) => w.user.auth.mfa.listFactors()],
  ["getAuthenticatorAssuranceLevel", (w) => w.user.auth.mfa.getAuthenticatorAssuranceLevel()],
];

export const recoveryCodeCases: readonly ParityCase[] = [
  ["getStatus", (w) => w.user.auth.mfa.recoveryCodes.getStatus(), "refused"],
  ["generate", (w) => w.user.auth.mfa.recoveryCodes.generate(), "refused"],
  ["verify", (w) => w.user.auth.mfa.recoveryCodes.verify({ code: "1" }), "refused"],
  ["regenerate", (w) => w.user.auth.mfa.recoveryCodes.regenerate(), "refused"],
  ["unenroll", (w) => w.user.auth.mfa.recoveryCodes.unenroll(), "refused"],
];

export const oauthCases: readonly ParityCase[] = [
  ["getAuthorizationDetails", (w) => w.user.auth.oauth.getAuthorizationDetails(id), "refused"],
  ["approveAuthorization", (w) => w.user.auth.oauth.approveAuthorization(id, { skipBrowserRedirect: true }), "refused"],
  ["denyAuthorization", (w) => w.user.auth.oauth.denyAuthorization(id, { skipBrowserRedirect: true }), "refused"],
  ["listGrants", (w) => w.user.auth.oauth.listGrants(), "refused"],
  ["revokeGrant", (w) => w.user.auth.oauth.revokeGrant({ clientId: id }), "refused"],
];

export const passkeyCases: readonly ParityCase[] = [
  ["startRegistration", (w) => w.user.auth.passkey.startRegistration(), "refused"],
  ["startAuthentication", (w) => w.user.auth.passkey.startAuthentication(), "refused"],
  ["list", (w) => w.user.auth.passkey.list(), "refused"],
  ["update", (w) => w.user.auth.passkey.update({ passkeyId: id, friendlyName: "n" }), "refused"],
  ["delete", (w) => w.user.auth.passkey.delete({ passkeyId: id }), "refused"],
];
