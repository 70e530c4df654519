import fc from "fast-check";
import { operationStatuses, operationTypes } from "../database-operation.ts";
import { errorCodes, issueLayers } from "../errors.ts";
import { connectionStatuses, supabaseClientPhases } from "../supabase-client.ts";
import {
  authenticationContextRows,
  ciphertexts,
  clientIds,
  databaseOperationRows,
  dataModelRows,
  hashes,
  instants,
  jsonValues,
  supabaseClientRows,
  tableNames,
  texts,
  uuids,
  versions,
} from "./arbitraries.ts";
import { data, dataRows } from "./accepted-data.ts";
import { migrated } from "./accepted-migrations.ts";
import { reading } from "./accepted-reading.ts";
import { stats } from "./accepted-stats.ts";
import { definitions, indexes, policies, relationships, rules, words } from "./definitions.ts";
import { token } from "./tokens.ts";

type Rows = fc.Arbitrary<object>;
type Model = Record<string, fc.Arbitrary<unknown>>;

const columnNames = fc.stringMatching(/^[a-z]{3}_[a-z0-9]{0,10}$/);
const limit = fc.integer({ min: 1, max: 200 });
const uuidv7s = fc.uuid({ version: 7 });
const flags = fc.boolean();
const urls = fc.webUrl({ validSchemes: ["https"] }).filter((url) => !url.includes("@"));
const addresses = fc.oneof(fc.ipV4(), fc.ipV6());

/** What a login may bring at whatever time this test runs. */
const expiries = fc
  .date({ min: new Date("2200-01-01"), max: new Date("9999-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const tokens = {
  access_token: fc.record({ sub: uuids, name: texts }).map((claims) => token(claims)),
  refresh_token: words,
  expires_at: expiries,
};
const keys = fc
  .record({
    client_type: fc.constantFrom("anon", "service_role"),
    body: fc.stringMatching(/^[A-Za-z0-9_-]{8,40}$/),
    legacy: flags,
  })
  .map(({ client_type, body, legacy }) => {
    const modern = `sb_${client_type === "anon" ? "publishable" : "secret"}_${body}`;
    return { client_type, supabase_key: legacy ? token({ role: client_type }) : modern };
  });

/** Records in which every field may be missing; with `least` of them at the least. */
const partOf = (model: Model, least = 0): Rows =>
  fc.record(model, { requiredKeys: [] }).filter((value) => Object.keys(value).length >= least);
const pick = (rows: Rows, columns: readonly string[]): Rows =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => columns.includes(column))));
const omit = (rows: Rows, columns: readonly string[]): Rows =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => !columns.includes(column))));
const pageOf = (rows: Rows): Rows =>
  fc.record({ rows: fc.array(rows, { maxLength: 2 }), next_cursor: fc.option(words) });

const clientOutputs = omit(supabaseClientRows, ["supabase_key"]);
const sessionOutputs = omit(authenticationContextRows, ["access_token", "refresh_token", "token_hash"]);

const newClients = fc
  .record({ instance: fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/), supabase_url: urls, key: keys })
  .map(({ instance, supabase_url, key }) => ({ ...key, client_id: `${instance}/${key.client_type}`, supabase_url }));

const clientTransitions = fc.record({
  at: instants,
  from_phase: fc.option(fc.constantFrom(...supabaseClientPhases)),
  to_phase: fc.constantFrom(...supabaseClientPhases),
});

const clients: Model = {
  supabaseClientSchema: supabaseClientRows,
  supabaseClientCreateSchema: newClients,
  supabaseClientRegisterSchema: newClients,
  supabaseClientUpdateSchema: partOf(
    {
      supabase_url: urls,
      supabase_key: keys.map((key) => key.supabase_key),
      is_active: fc.constant(false),
      last_used: fc.option(instants),
      connection_status: fc.constantFrom(...connectionStatuses),
      error_count: fc.nat(10),
      retry_count: fc.nat(5),
    },
    1,
  ),
  supabaseClientFilterSchema: partOf({
    client_type: fc.constantFrom("anon", "service_role"),
    is_active: flags,
    connection_status: fc.constantFrom(...connectionStatuses),
    cursor: clientIds,
    limit,
  }),
  supabaseClientKeySchema: fc.record({ client_id: clientIds }),
  supabaseClientOutputSchema: clientOutputs,
  supabaseClientTransitionSchema: clientTransitions,
  supabaseClientDetailSchema: fc
    .tuple(clientOutputs, fc.array(clientTransitions, { maxLength: 3 }))
    .map(([client, transitions]) => ({ ...client, transitions })),
  supabaseClientPageSchema: pageOf(clientOutputs),
};

const intent = ["operation_id", "client_id", "operation_type", "table_name", "created_at"];
const context = ["query_data", "user_id", "request_id", "session_id", "model_id", "schema_version"];
const outcome = { completed_at: instants, execution_time_ms: fc.integer({ min: 1, max: 60_000 }), attempts: fc.nat(4) };
const siblings = omit(databaseOperationRows, ["query_data", "response_data"]);

const operations: Model = {
  databaseOperationSchema: databaseOperationRows,
  databaseOperationCreateSchema: fc.oneof(
    pick(databaseOperationRows, intent),
    pick(databaseOperationRows, [...intent, ...context]),
  ),
  databaseOperationUpdateSchema: fc.oneof(
    fc.record({ ...outcome, status: fc.constant("success"), response_data: jsonValues }),
    fc.record({ ...outcome, status: fc.constant("error"), error_message: words }),
    fc.record({ ...outcome, status: fc.constant("timeout"), error_message: fc.option(texts) }),
  ),
  databaseOperationFilterSchema: partOf({
    client_id: clientIds,
    operation_type: fc.constantFrom(...operationTypes),
    table_name: tableNames,
    status: fc.constantFrom(...operationStatuses),
    user_id: uuids,
    request_id: words,
    session_id: uuids,
    model_id: uuids,
    schema_version: versions,
    created_from: instants,
    min_execution_time_ms: fc.integer({ min: 1, max: 1000 }),
    max_execution_time_ms: fc.integer({ min: 1000, max: 60_000 }),
    min_attempts: fc.nat(4),
    error_text: words,
    cursor: uuids,
    limit,
  }),
  databaseOperationKeySchema: fc.record({ operation_id: uuids }),
  databaseOperationOutputSchema: databaseOperationRows,
  databaseOperationPageSchema: pageOf(databaseOperationRows),
  siblingOperationSchema: siblings,
  databaseOperationDetailSchema: fc
    .tuple(databaseOperationRows, fc.array(siblings, { maxLength: 50 }), flags)
    .map(([row, others, more_siblings]) => ({ ...row, siblings: others, more_siblings })),
};

const origin = { ip_address: fc.option(addresses), user_agent: fc.option(words), permissions: fc.option(jsonValues) };

const sessions: Model = {
  authenticationContextSchema: authenticationContextRows,
  sessionPermissionsSchema: fc.record({
    roles: fc.array(words, { maxLength: 50 }),
    permissions: fc.array(words, { maxLength: 200 }),
  }),
  authenticationContextCreateSchema: fc.record(
    { ...tokens, ...origin, user_id: uuids },
    { requiredKeys: ["user_id", "access_token", "refresh_token", "expires_at"] },
  ),
  authenticationContextRefreshSchema: fc.record(tokens),
  authenticationContextUpdateSchema: partOf(
    { ...origin, is_active: flags, expires_at: instants, last_activity: instants },
    1,
  ),
  authenticationContextFilterSchema: partOf({
    user_id: uuids,
    is_active: flags,
    expires_before: instants,
    cursor: uuids,
    limit,
  }),
  authenticationContextKeySchema: fc.record({ session_id: uuids }),
  authenticationContextOutputSchema: sessionOutputs,
  authenticationContextPageSchema: pageOf(sessionOutputs),
};

const modelNames = fc.stringMatching(/^[A-Z][a-z_0-9]{0,20}$/);

const modelVersions = omit(dataModelRows, ["applied_version", "is_active", "updated_at"]);

const models: Model = {
  dataModelSchema: fc.oneof(
    dataModelRows,
    fc
      .record({ row: dataModelRows, definition: definitions })
      .map(({ row, definition }) => ({ ...row, ...definition })),
  ),
  dataModelCreateSchema: definitions,
  dataModelUpdateSchema: omit(definitions, ["model_name"]),
  dataModelFilterSchema: partOf({ model_name: modelNames, is_active: flags, cursor: words, limit }),
  dataModelKeySchema: fc.oneof(fc.record({ model_id: uuids }), fc.record({ model_name: modelNames })),
  dataModelOutputSchema: dataModelRows,
  dataModelPageSchema: pageOf(dataModelRows),
  dataModelVersionSchema: modelVersions,
  dataModelHistorySchema: fc.record(
    { model_name: modelNames, cursor: instants, limit },
    { requiredKeys: ["model_name"] },
  ),
  dataModelVersionOutputSchema: modelVersions,
  dataModelVersionPageSchema: pageOf(modelVersions),
  dataModelFieldsSchema: definitions.map(({ fields }) => fields),
  relationshipSchema: relationships,
  relationshipsSchema: fc.array(relationships, { maxLength: 1 }),
  validationRuleSchema: rules,
  validationRulesSchema: fc.array(rules, { maxLength: 1 }),
  indexSchema: indexes,
  indexesSchema: fc.array(indexes, { maxLength: 1 }),
  rlsPolicySchema: policies,
  rlsPoliciesSchema: fc.oneof(fc.array(policies, { maxLength: 1 }), fc.constant({ preset: "public-read" })),
  rlsPresetSchema: fc.constantFrom("own-rows", "tenant", "public-read"),
  modelWatchInputSchema: fc.record({ models: fc.uniqueArray(modelNames, { minLength: 1, maxLength: 5 }) }),
  modelNoticeSchema: fc.record({ model_name: modelNames, model: fc.option(dataModelRows) }),
  onDeleteSchema: fc.constantFrom("cascade", "set null", "restrict", "no action", undefined),
};

const issues = fc.record(
  { field: texts, rule: texts, message: texts, layer: fc.constantFrom(...issueLayers) },
  { requiredKeys: ["field", "rule", "message"] },
);

const primitives: Model = {
  clientIdSchema: clientIds,
  clientTypeSchema: fc.constantFrom("anon", "service_role"),
  columnNameSchema: columnNames,
  connectionStatusSchema: fc.constantFrom(...connectionStatuses),
  cursorSchema: words,
  encryptedSchema: ciphertexts,
  errorCodeSchema: fc.constantFrom(...errorCodes),
  errorIssueSchema: issues,
  modelCheckSchema: fc.record({
    issues: fc.array(issues, { maxLength: 2 }),
    warnings: fc.array(issues, { maxLength: 2 }),
  }),
  modelValidateOutputSchema: fc.record({ issues: fc.array(issues, { maxLength: 2 }) }),
  errorDataSchema: fc.record(
    {
      code: fc.constantFrom(...errorCodes),
      message: texts,
      hint: texts,
      operation_id: fc.option(uuids),
      request_id: fc.option(texts),
      issues: fc.array(issues, { maxLength: 2 }),
    },
    { requiredKeys: ["code", "message", "hint", "operation_id", "request_id"] },
  ),
  httpsUrlSchema: urls,
  identifierSchema: tableNames,
  instanceSchema: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/),
  jsonObjectSchema: dataRows,
  jsonValueSchema: jsonValues,
  jwtSchema: tokens.access_token,
  modelNameSchema: modelNames,
  modelTableNameSchema: columnNames,
  operationStatusSchema: fc.constantFrom(...operationStatuses),
  operationTypeSchema: fc.constantFrom(...operationTypes),
  pageLimitSchema: fc.option(limit, { nil: undefined }),
  requestIdSchema: words,
  semverSchema: versions,
  storedJsonSchema: jsonValues,
  storedRowSchema: dataRows,
  storedUrlSchema: fc.oneof(urls, fc.constant("http://127.0.0.1:54321")),
  supabaseKeySchema: keys.map((key) => key.supabase_key),
  textSchema: texts,
  timestampSchema: instants,
  tokenHashSchema: hashes,
  userIdSchema: uuids,
  uuidCursorSchema: uuids,
  uuidSchema: uuids,
  uuidv7Schema: uuidv7s,
};

/** What each schema must take, by the name under which the package exports it. */
export const accepted: ReadonlyMap<string, fc.Arbitrary<unknown>> = new Map(
  Object.entries({
    ...primitives,
    ...clients,
    ...operations,
    ...reading,
    ...stats,
    ...sessions,
    ...models,
    ...migrated,
    ...data,
  }),
);
