/** A module that has changed says so by its version. */
import semver from "semver";
import { renderModule } from "../../../src/application/render-module.ts";
import { BUNDLED_MODULES } from "../../../src/domain/module-registry.ts";
import { frozenRelease, LAST_FROZEN } from "../../helpers/releases.ts";

test("a module whose rendered files changed since the last frozen release has a later version", async () => {
  const last = frozenRelease(LAST_FROZEN);
  const { $schema: _, ...config } = last.config;
  for (const { name, version } of BUNDLED_MODULES) {
    const before = last.modules[name]?.version;
    if (before === undefined) continue;
    // Every module brings the hidden one along.
    const { files: now } = await renderModule(
      name === "adw_base" ? "adw_websockets" : name,
      config,
    );
    const changed = now
      .filter(({ path }) => last.files.get(path)?.module === name)
      .filter(
        ({ path, content }) =>
          content.replaceAll(version, "") !==
          last.files.get(path)?.text.replaceAll(before, ""),
      );
    const isHonest = changed.length === 0 || semver.gt(version, before);
    expect({ name, version, isHonest }).toEqual({
      name,
      version,
      isHonest: true,
    });
  }
});
