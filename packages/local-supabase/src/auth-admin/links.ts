import { createHash, randomInt } from "node:crypto";
import { findAccount, type Account, type Query } from "./account.ts";
import { emailExists, userNotFound, validationFailed } from "./admin-error.ts";
import type { Invite, LinkRequest } from "./admin-input.ts";
import { createUser, getUser, updateColumns } from "./manage-users.ts";

/** What a link verifies with: six digits, and what lite keeps of them. */
interface OneTimePassword {
  otp: string;
  hashedToken: string;
}

export interface Link extends OneTimePassword {
  account: Account;
  verificationType: string;
}

/** A user who is invited, without a password, and whose link confirms the address. */
export async function invite(query: Query, { email, data }: Invite): Promise<Link> {
  return { ...(await unconfirmed(query, { email, data }, "invite")), verificationType: "invite" };
}

/** Makes the link that GoTrue would send by mail. */
export async function generateLink(query: Query, input: LinkRequest): Promise<Link> {
  const { type, email } = input;
  if (type === "invite") return invite(query, input);
  if (type === "email_change_current" || type === "email_change_new") return emailChange(query, input);
  if (type === "signup" && !input.password) throw validationFailed("Signup requires a valid password");
  // Somebody unknown signs up by a magic link.
  if (type === "signup" || (type === "magiclink" && !(await findByEmail(query, email)))) {
    return { ...(await unconfirmed(query, input, "signup")), verificationType: "signup" };
  }
  return { ...(await withRecoveryToken(query, email)), verificationType: type };
}

async function unconfirmed(
  query: Query,
  { email, data, password }: { email: string; data?: Invite["data"]; password?: string | undefined },
  reason: "invite" | "signup",
): Promise<Omit<Link, "verificationType">> {
  const now = new Date().toISOString();
  const token = oneTimePassword(email);
  const columns = {
    confirmation_token: token.hashedToken,
    confirmation_sent_at: now,
    ...(reason === "invite" ? { invited_at: now } : {}),
  };
  const known = await findByEmail(query, email);
  if (known?.confirmed_at) throw emailExists();
  if (known) {
    await updateColumns(query, known.id, columns);
    return { ...token, account: await getUser(query, known.id) };
  }
  return { ...token, account: await createUser(query, { email, password, user_metadata: data }, columns) };
}

/** What lite verifies a magic link with too. */
async function withRecoveryToken(query: Query, email: string): Promise<Omit<Link, "verificationType">> {
  const account = await findByEmail(query, email);
  if (!account) throw userNotFound("User with this email not found");
  const token = oneTimePassword(email);
  await updateColumns(query, account.id, {
    recovery_token: token.hashedToken,
    recovery_sent_at: new Date().toISOString(),
  });
  return { ...token, account: await getUser(query, account.id) };
}

async function emailChange(query: Query, { type, email, new_email }: LinkRequest): Promise<Link> {
  if (new_email === undefined) throw validationFailed("Email change requires a new email");
  const account = await findByEmail(query, email);
  if (!account) throw userNotFound("User with this email not found");
  if (await findByEmail(query, new_email)) throw emailExists();
  const current = type === "email_change_current";
  const token = oneTimePassword(current ? email : new_email);
  await updateColumns(query, account.id, {
    email_change: new_email,
    email_change_sent_at: new Date().toISOString(),
    [current ? "email_change_token_current" : "email_change_token_new"]: token.hashedToken,
  });
  return { ...token, account: await getUser(query, account.id), verificationType: "email_change" };
}

function findByEmail(query: Query, email: string): Promise<Account | undefined> {
  return findAccount(query, "where account.email = $1 and not account.is_sso_user", email);
}

/** Hashed as lite does: SHA-256 of the address and the digits, in hex. */
function oneTimePassword(email: string): OneTimePassword {
  const otp = String(randomInt(1_000_000)).padStart(6, "0");
  return {
    otp,
    hashedToken: createHash("sha256")
      .update(email.toLowerCase() + otp)
      .digest("hex"),
  };
}
