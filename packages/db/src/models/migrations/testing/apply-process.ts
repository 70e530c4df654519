import { z } from "zod";
import { applyChange, migrationPlanSchema, rollbackChange } from "../index.ts";

// A process that makes a change and tells of each step, and goes on when it is told to: so that it can be killed there.
const optionsSchema = z.object({ dbUrl: z.string(), way: z.enum(["up", "down"]), plan: migrationPlanSchema });

process.once("message", (message) => void change(message));

async function change(message: unknown): Promise<void> {
  const { dbUrl, way, plan } = optionsSchema.parse(message);
  const options = {
    dbUrl,
    plan,
    confirmDestructive: true,
    onStep: ({ step }: { step: string }) =>
      new Promise<void>((resolve) => {
        process.once("message", () => resolve());
        process.send?.(step);
      }),
  };
  await (way === "up" ? applyChange({ ...options, name: "killed" }) : rollbackChange(options));
  process.send?.("done");
  process.disconnect();
}
