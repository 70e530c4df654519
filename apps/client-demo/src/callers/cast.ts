import { declareModels } from "../demo-data/declare-models.ts";
import { makeTables } from "../demo-data/make-tables.ts";
import { type Credentials, newCredentials, signIn, signUpAndIn } from "../smoke/people.ts";
import { type Caller, openCaller } from "./caller.ts";

/** Who plays in a scene: an admin and two ordinary users. */
export interface Cast {
  readonly admin: Caller;
  readonly ada: Caller;
  readonly ben: Caller;
}

/** Signs the admin in to declare the models and make their tables, and two new users. */
export async function signCastIn(scene: string, url: string, admin: Credentials): Promise<Cast> {
  const cast = openCast(scene, url);
  await signIn(cast.admin, admin);
  await declareModels(cast.admin.api);
  await makeTables(cast.admin.api);
  await signUpAndIn(cast.ada, newCredentials(scene, "ada"));
  await signUpAndIn(cast.ben, newCredentials(scene, "ben"));
  return cast;
}

/** The same people at the next server, in the sessions that they have. */
export function openCast(scene: string, url: string, before?: Cast): Cast {
  const open = (name: keyof Cast): Caller =>
    openCaller(scene, { url, name, sessionToken: before?.[name].sessionToken(), userId: before?.[name].userId });
  return { admin: open("admin"), ada: open("ada"), ben: open("ben") };
}
