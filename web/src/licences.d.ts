// Made by the build: `scripts/licences.mjs`.

declare module "virtual:licences" {
  /** Licence, and `name version` of what is under it. */
  type Groups = [licence: string, names: string[]][];
  const licences: { page: Groups; binary: Groups | null };
  export default licences;
}
