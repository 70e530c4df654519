/** This process's environment without any setting of Waybill or Supabase. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const foreign = Object.entries(process.env).filter(([name]) => !/^(WAYBILL|SUPABASE)_/.test(name));
  return Object.fromEntries(foreign);
}
