/** The environment without any setting of Waybill or Supabase, which the examples must not inherit. */
export function plainEnvironment(source: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(source).filter(([name]) => !/^(WAYBILL|SUPABASE)_/.test(name)));
}
