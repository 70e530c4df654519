export { importCsv, type ImportCsvOptions } from "./import-csv.ts";
export { CsvImportError } from "./import-error.ts";
