import { stateFolder, userSpool } from "../../../src/domain/state-folder.ts";

describe("the user's state folder", () => {
  it("is below XDG_STATE_HOME where that is set", () => {
    expect(
      stateFolder({ XDG_STATE_HOME: "/var/me" }, "/home/me", "linux"),
    ).toBe("/var/me/adw-scaffold");
  });

  it.each([undefined, "", "relative/folder"])(
    "is below ~/.local/state where XDG_STATE_HOME is %p",
    (value) => {
      expect(stateFolder({ XDG_STATE_HOME: value }, "/home/me", "darwin")).toBe(
        "/home/me/.local/state/adw-scaffold",
      );
    },
  );

  it("is below LOCALAPPDATA on Windows", () => {
    expect(stateFolder({ LOCALAPPDATA: "/local" }, "/home/me", "win32")).toBe(
      "/local/adw-scaffold",
    );
  });

  it("has the spool in it", () => {
    expect(userSpool({}, "/home/me", "linux")).toBe(
      "/home/me/.local/state/adw-scaffold/spool",
    );
  });
});
