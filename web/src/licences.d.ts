// Made by the build: `scripts/licences.mjs`.

declare module "virtual:licences" {
  /** The address of the list: `{ page: Groups, binary: Groups | null }` in JSON. */
  const address: string;
  export default address;
}
