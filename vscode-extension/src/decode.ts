import schema from "./protocol.schema.json";

/** The part of JSON Schema that pydantic uses for the wire. */
interface Schema {
  $ref?: string;
  anyOf?: Schema[];
  type?: string;
  format?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

const MODELS: Record<string, Schema> = schema.$defs;

/**
 * Checks a value that came from another process against a model of the wire.
 *
 * Fields that the model does not know are let through: the wire may grow.
 *
 * @throws {Error} naming the first place that does not fit.
 */
export function decode<T>(model: keyof typeof schema.$defs, value: unknown): T {
  const misfit = find(value, { $ref: model }, model);
  if (misfit !== undefined) throw new Error(misfit);
  return value as T;
}

/** Where, and how, the value does not fit; undefined where it does. */
function find(value: unknown, schema: Schema, place: string): string | undefined {
  if (schema.$ref !== undefined) {
    const model = MODELS[schema.$ref.replace("#/$defs/", "")];
    return model ? find(value, model, place) : `${place}: the schema has no ${schema.$ref}`;
  }
  if (schema.anyOf !== undefined) {
    const misfits = schema.anyOf.map((choice) => find(value, choice, place));
    return misfits.includes(undefined) ? undefined : misfits[0];
  }
  const misfit = findHere(value, schema, place);
  if (misfit !== undefined) return misfit;
  if (Array.isArray(value)) return findInItems(value, schema, place);
  return typeOf(value) === "object"
    ? findInFields(value as Record<string, unknown>, schema, place)
    : undefined;
}

function findHere(value: unknown, schema: Schema, place: string): string | undefined {
  if (schema.const !== undefined && value !== schema.const) return `${place} is not ${schema.const}`;
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return `${place} is none of ${schema.enum.join(", ")}`;
  }
  if (schema.type !== undefined && !isOfType(value, schema.type)) {
    return `${place} is ${typeOf(value)}, not ${schema.type}`;
  }
  return schema.format === "date" && !isDate(value) ? `${place} is not a date` : undefined;
}

function findInItems(value: unknown[], { items }: Schema, place: string): string | undefined {
  if (items === undefined) return undefined;
  return first(value.entries(), ([index, item]) => find(item, items, `${place}[${index}]`));
}

function findInFields(value: Record<string, unknown>, schema: Schema, place: string): string | undefined {
  const missing = schema.required?.find((name) => !(name in value));
  if (missing !== undefined) return `${place}.${missing} is missing`;
  return first(Object.entries(schema.properties ?? {}), ([name, field]) =>
    name in value ? find(value[name], field, `${place}.${name}`) : undefined,
  );
}

function first<T>(items: Iterable<T>, check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const misfit = check(item);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

function isOfType(value: unknown, type: string): boolean {
  return type === "integer" ? Number.isInteger(value) : typeOf(value) === type;
}

/** "2026-11-22", a day that there is. */
function isDate(value: unknown): boolean {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const date = new Date(value);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
