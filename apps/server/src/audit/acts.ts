import { randomBytes, randomUUID } from "node:crypto";
import type { Person } from "../testing/stage.ts";
import { credentials } from "../testing/stage.ts";
import type { ModelDefinition } from "@waybill/contracts";
import { airportsModel } from "@waybill/contracts/demo-models";
import { firstNotice } from "../testing/notices.ts";
import type { ProcedurePath } from "../testing/procedure-path.ts";
import type { Actor, World } from "./world.ts";

type Api = Person["api"];

/** What is asked of one procedure. */
export interface Act {
  /** Whether what is asked for is Ada's, so that the answer must show it, or must not. */
  readonly ofAda?: boolean;
  /** Whether it changes the caller itself: then by somebody new. */
  readonly changesCaller?: boolean;
  /** Made before each call, by who may: what the call is about. */
  readonly prepare?: (world: World) => Promise<string>;
  /** @param prepared of `prepare`; empty without one */
  readonly call: (api: Api, world: World, prepared: string, actor: Actor) => Promise<unknown>;
}

const newNote = async (world: World): Promise<string> => (await world.note()).id;
const newRow = () => ({ id: randomUUID(), body: "a note" });
const newModel = (): ModelDefinition => {
  const name = `audit_${randomBytes(6).toString("hex")}`;
  return { ...airportsModel, model_name: name, table_name: name, indexes: null };
};
const madeModel = async ({ admin }: World): Promise<string> =>
  (await admin.api.models.create.mutate(newModel())).model_name;
const deprecatedModel = async (world: World): Promise<string> => {
  const model_name = await madeModel(world);
  await world.admin.api.models.deprecate.mutate({ model_name });
  return model_name;
};
const plannedModel = async (world: World): Promise<string> =>
  (await world.admin.api.models.plan.mutate({ models: [await madeModel(world)], sample_rows: 0 })).fingerprint;
const appliedModel = async (world: World): Promise<string> => {
  const fingerprint = await plannedModel(world);
  await world.admin.api.models.migrate.mutate({ fingerprint });
  return fingerprint;
};
/** Made once for a world: who is refused leaves it as it is. */
const once = (make: (world: World) => Promise<string>) => {
  const made = new WeakMap<World, Promise<string>>();
  return (world: World): Promise<string> => {
    const found = made.get(world) ?? make(world);
    made.set(world, found);
    return found;
  };
};
const lately = () => ({
  created_from: new Date(Date.now() - 3_600_000).toISOString(),
  created_before: new Date().toISOString(),
});
const madeClient = async ({ admin, client }: World): Promise<string> =>
  (await admin.api.clients.register.mutate(client())).client_id;
const idleClient = async (world: World): Promise<string> => {
  const client_id = await madeClient(world);
  await world.admin.api.clients.deactivate.mutate({ client_id });
  return client_id;
};
/** A read that Ada made; its operation's id. */
const operationOfAda = async ({ stage, ada, model }: World): Promise<string> => {
  await ada.api.data.list.query({ model });
  await stage.services.waybill.flush();
  const { rows } = await ada.api.operations.list.query({ table_name: model, operation_type: "read", limit: 1 });
  return rows[0]?.operation_id ?? "";
};
/** A session of Ada's on another device; its id. */
const sessionOfAda = async ({ stage, ada: { email, password } }: World): Promise<string> =>
  (await stage.client().sessions.login.mutate({ email, password })).session.session_id;

/** Of a session that Ada opened beside Waybill. */
const refreshTokenOfAda = async ({ stage, ada: { email, password } }: World): Promise<string> => {
  const { data } = await stage.services.waybill.anon().auth.signInWithPassword({ email, password });
  return data.session?.refresh_token ?? "";
};
/** Ada has said yes at the provider: the code that came back with her browser, and the state that it has. */
const consentOfAda = async ({ stage, ada, oauth, home }: World): Promise<string> => {
  const { url, state = "" } = await stage.client().sessions.oauthUrl.mutate({ provider: "github", redirect_to: home });
  return `${oauth.consent(url, ada).searchParams.get("code")} ${state}`;
};
/** What stands in the link of a mail. */
const mailedToAda = async ({ stage, ada: { email } }: World): Promise<string> => {
  const { data } = await stage.services.waybill.service().auth.admin.generateLink({ type: "magiclink", email });
  return data.properties?.hashed_token ?? "";
};

export const acts: Readonly<Record<ProcedurePath, Act>> = {
  "clients.deactivate": {
    prepare: madeClient,
    call: (api, _, client_id) => api.clients.deactivate.mutate({ client_id }),
  },
  "clients.get": {
    call: (api, { stage }) =>
      api.clients.get.query({ client_id: stage.services.waybill.health().service_role.client_id }),
  },
  "clients.list": { call: (api) => api.clients.list.query({}) },
  "clients.reconnect": {
    prepare: idleClient,
    call: (api, _, client_id) => api.clients.reconnect.mutate({ client_id }),
  },
  "clients.register": { call: (api, { client }) => api.clients.register.mutate(client()) },
  "clients.remove": { prepare: idleClient, call: (api, _, client_id) => api.clients.remove.mutate({ client_id }) },

  "data.aggregate": {
    ofAda: true,
    prepare: newNote,
    call: (api, { model }) =>
      api.data.aggregate.query({ model, group_by: ["owner_id"], measures: { last: { op: "max", column: "body" } } }),
  },
  "data.count": { prepare: newNote, call: (api, { model }) => api.data.count.query({ model }) },
  "data.create": { call: (api, { model }) => api.data.create.mutate({ model, row: newRow() }) },
  "data.createMany": { call: (api, { model }) => api.data.createMany.mutate({ model, rows: [newRow(), newRow()] }) },
  "data.get": {
    ofAda: true,
    prepare: newNote,
    call: (api, { model }, id) => api.data.get.query({ model, key: { id } }),
  },
  "data.list": { ofAda: true, prepare: newNote, call: (api, { model }) => api.data.list.query({ model }) },
  "data.remove": {
    ofAda: true,
    prepare: newNote,
    call: (api, { model }, id) => api.data.remove.mutate({ model, key: { id } }),
  },
  "data.update": {
    ofAda: true,
    prepare: newNote,
    call: (api, { model }, id) => api.data.update.mutate({ model, key: { id }, changes: { body: "taken over" } }),
  },
  "data.updateMany": {
    ofAda: true,
    prepare: newNote,
    call: (api, { model }, id) =>
      api.data.updateMany.mutate({ model, updates: [{ key: { id }, changes: { body: "taken over" } }] }),
  },
  "data.upsert": {
    ofAda: true,
    prepare: newNote,
    call: (api, { model }, id) => api.data.upsert.mutate({ model, row: { id, body: "taken over" } }),
  },

  "models.migrate": {
    prepare: once(plannedModel),
    call: (api, _, fingerprint) => api.models.migrate.mutate({ fingerprint }),
  },
  "models.check": { call: (api) => api.models.check.mutate(newModel()) },
  "models.create": { call: (api) => api.models.create.mutate(newModel()) },
  "models.deprecate": { prepare: madeModel, call: (api, _, model_name) => api.models.deprecate.mutate({ model_name }) },
  "models.diff": { call: (api, { model }) => api.models.diff.query({ model_name: model, from: "1.0.0" }) },
  "models.drift": { prepare: madeModel, call: (api, _, model_name) => api.models.drift.query({ model_name }) },
  "models.get": { call: (api, { model }) => api.models.get.query({ model_name: model }) },
  "models.history": { call: (api, { model }) => api.models.history.query({ model_name: model }) },
  "models.import": { call: (api, { model }) => api.models.import.query({ tables: [model] }) },
  "models.list": { call: (api, { model }) => api.models.list.query({ model_name: model }) },
  "models.migrations": { call: (api) => api.models.migrations.query({}) },
  "models.plan": {
    prepare: once(madeModel),
    call: (api, _, name) => api.models.plan.mutate({ models: [name], sample_rows: 0 }),
  },
  "models.purge": {
    prepare: once(appliedModel),
    call: (api, _, fingerprint) => api.models.purge.mutate({ fingerprint }),
  },
  "models.reactivate": {
    prepare: once(deprecatedModel),
    call: (api, _, model_name) => api.models.reactivate.mutate({ model_name }),
  },
  "models.rollback": {
    prepare: once(appliedModel),
    call: (api, _, fingerprint) => api.models.rollback.mutate({ fingerprint, confirm_destructive: true }),
  },
  "models.update": {
    prepare: madeModel,
    call: (api, _, model_name) =>
      api.models.update.mutate({
        model_name,
        expected_version: "1.0.0",
        changes: { schema_version: "1.0.1", validation_rules: null },
      }),
  },
  "models.watch": { call: (api, { model }) => firstNotice(api, model) },
  "models.validate": { call: (api, { model }) => api.models.validate.query({ model, row: newRow() }) },

  "models.usage": {
    call: (api, { model }) => api.models.usage.query({ model_name: model, ...lately() }),
  },
  "operations.advise": {
    prepare: operationOfAda,
    call: (api, _, operation_id) => api.operations.advise.query({ operation_id }),
  },
  "operations.get": {
    ofAda: true,
    prepare: operationOfAda,
    call: (api, _, operation_id) => api.operations.get.query({ operation_id }),
  },
  "operations.list": {
    ofAda: true,
    prepare: operationOfAda,
    call: (api, { ada }) => api.operations.list.query({ user_id: ada.userId }),
  },
  "operations.retention": { call: (api) => api.operations.retention.query() },
  "operations.slow": {
    call: (api) => api.operations.slow.query(lately()),
  },
  "operations.stats": { call: (api) => api.operations.stats.query({}) },

  "sessions.adopt": {
    prepare: refreshTokenOfAda,
    call: (api, _, refresh_token) => api.sessions.adopt.mutate({ refresh_token }),
  },
  "sessions.changePassword": {
    changesCaller: true,
    call: (api, _, __, { password }) =>
      api.sessions.changePassword.mutate({ current_password: password, new_password: "another horse" }),
  },
  "sessions.list": { ofAda: true, call: (api, { ada }) => api.sessions.list.query({ user_id: ada.userId }) },
  "sessions.login": { call: (api, { ada: { email, password } }) => api.sessions.login.mutate({ email, password }) },
  "sessions.loginWithCode": {
    prepare: mailedToAda,
    call: (api, _, token_hash) => api.sessions.loginWithCode.mutate({ token_hash }),
  },
  "sessions.loginWithOauth": {
    prepare: consentOfAda,
    call(api, _, prepared) {
      const [code = "", state = ""] = prepared.split(" ");
      return api.sessions.loginWithOauth.mutate({ code, state });
    },
  },
  "sessions.logout": { changesCaller: true, call: (api) => api.sessions.logout.mutate() },
  "sessions.me": { ofAda: true, call: (api) => api.sessions.me.query() },
  "sessions.mine": { ofAda: true, call: (api) => api.sessions.mine.query({ limit: 200 }) },
  "sessions.oauthUrl": {
    call: (api, { home }) => api.sessions.oauthUrl.mutate({ provider: "github", redirect_to: home }),
  },
  "sessions.refresh": { changesCaller: true, call: (api) => api.sessions.refresh.mutate() },
  "sessions.requestCode": { call: (api, { ada: { email } }) => api.sessions.requestCode.mutate({ email }) },
  "sessions.revoke": {
    ofAda: true,
    prepare: sessionOfAda,
    call: (api, _, session_id) => api.sessions.revoke.mutate({ session_id }),
  },
  "sessions.revokeOthers": { changesCaller: true, call: (api) => api.sessions.revokeOthers.mutate() },
  "sessions.signOutEverywhere": { changesCaller: true, call: (api) => api.sessions.signOutEverywhere.mutate() },
  "sessions.signUp": {
    call: (api) => {
      const [email, password] = credentials();
      return api.sessions.signUp.mutate({ email, password });
    },
  },

  "system.health": { call: (api) => api.system.health.query() },
};
