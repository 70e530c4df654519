import { expect, it } from "vitest";
import { createLogger, packageLog } from "./log.ts";

it("blots out what a careless line would tell, however deep it lies", () => {
  let said = "";
  const logger = createLogger("debug", { write: (line: string) => void (said += line) });
  logger.info({ password: "p1", session: { access_token: "t1" }, a: { b: { refresh_token: "t2" } } }, "careless");
  packageLog(logger)("warn", "careful", { authorization: "Bearer t3", rows: 3 });
  expect(said).not.toMatch(/p1|t1|t2|t3/);
  expect(said).toContain('"rows":3');
  expect(said.match(/\[redacted\]/g)).toHaveLength(4);
});
