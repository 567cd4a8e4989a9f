// The list of what the binary and the page are made of, for the page's about view. A plug-in of the
// build: it asks cargo which crates are linked in, and reads the packages that the page bundles.
// Where cargo is not at hand the list says so by being null, and the build goes on.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const NAME = "virtual:licences";
/** What of node_modules ends up in the page. */
const BUNDLED = ["svelte", "esm-env", "clsx", "uplot", "swagger-ui-dist"];
const OUTPUT_MAX = 64 * 1024 * 1024;

function packages() {
  return BUNDLED.flatMap((name) => {
    try {
      const { version, license } = JSON.parse(readFileSync(join("node_modules", name, "package.json"), "utf8"));
      return [{ name, version, license }];
    } catch {
      return [];
    }
  });
}

/** The crates that the binary links, without those for building and testing alone. */
function crates() {
  const manifest = join(process.env.CARGO_MANIFEST_DIR ?? "../crates/triphase", "Cargo.toml");
  const asked = ["metadata", "--offline", "--locked", "--format-version", "1", "--manifest-path", manifest];
  if (process.env.TARGET) asked.push("--filter-platform", process.env.TARGET);
  let metadata;
  try {
    const options = { maxBuffer: OUTPUT_MAX, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    metadata = JSON.parse(execFileSync(process.env.CARGO ?? "cargo", asked, options));
  } catch {
    return null;
  }
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const known = new Map(metadata.packages.map((one) => [one.id, one]));
  const linked = new Set();
  const waiting = metadata.packages.filter((one) => one.name === "triphase").map((one) => one.id);
  while (waiting.length) {
    const id = waiting.pop();
    if (linked.has(id)) continue;
    linked.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id)?.deps ?? []) {
      const runs = kinds.some((one) => one.kind === null);
      const macro = known.get(pkg)?.targets.some((target) => target.kind.includes("proc-macro"));
      if (runs && !macro) waiting.push(pkg);
    }
  }
  const own = new Set(metadata.workspace_members);
  return [...linked].filter((id) => !own.has(id)).map((id) => known.get(id));
}

/** `[[licence, ["name version", …]], …]`, the commonest licence first. */
function grouped(list) {
  const groups = new Map();
  for (const { name, version, license } of list) {
    const licence = (license ?? "?").split(/\s*\/\s*|\s+OR\s+/).sort().join(" OR ");
    groups.set(licence, [...(groups.get(licence) ?? []), `${name} ${version}`]);
  }
  for (const names of groups.values()) names.sort();
  return [...groups].sort(([, one], [, other]) => other.length - one.length);
}

/** The plug-in of vite. */
export function licences() {
  let building = false;
  return {
    name: "licences",
    configResolved: ({ command }) => {
      building = command === "build";
    },
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    load(id) {
      if (id !== `\0${NAME}`) return null;
      const linked = crates();
      const list = { page: grouped(packages()), binary: linked && grouped(linked) };
      const text = JSON.stringify(list);
      // The development server has no files to emit.
      if (!building) return `export default ${JSON.stringify(`data:application/json,${encodeURIComponent(text)}`)};`;
      const file = this.emitFile({ type: "asset", name: "licences.json", source: text });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}
