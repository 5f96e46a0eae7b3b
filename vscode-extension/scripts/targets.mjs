/** The platforms that VS Code knows, and what pip and environment markers call them. */

const linux = { sys_platform: "linux", platform_system: "Linux", os_name: "posix" };
const mac = { sys_platform: "darwin", platform_system: "Darwin", os_name: "posix" };
const windows = { sys_platform: "win32", platform_system: "Windows", os_name: "nt" };

/** Oldest systems first that VS Code itself still runs on (glibc 2.28, macOS 11), with the older tags wheels carry. */
export const TARGETS = {
  "linux-x64": {
    tags: ["manylinux_2_28_x86_64", "manylinux2014_x86_64"],
    markers: { ...linux, platform_machine: "x86_64" },
  },
  "linux-arm64": {
    tags: ["manylinux_2_28_aarch64", "manylinux2014_aarch64"],
    markers: { ...linux, platform_machine: "aarch64" },
  },
  "alpine-x64": {
    tags: ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64"],
    markers: { ...linux, platform_machine: "x86_64" },
  },
  "alpine-arm64": {
    tags: ["musllinux_1_2_aarch64", "musllinux_1_1_aarch64"],
    markers: { ...linux, platform_machine: "aarch64" },
  },
  "darwin-x64": { tags: ["macosx_11_0_x86_64"], markers: { ...mac, platform_machine: "x86_64" } },
  "darwin-arm64": { tags: ["macosx_11_0_arm64"], markers: { ...mac, platform_machine: "arm64" } },
  "win32-x64": { tags: ["win_amd64"], markers: { ...windows, platform_machine: "AMD64" } },
  "win32-arm64": { tags: ["win_arm64"], markers: { ...windows, platform_machine: "ARM64" } },
};

/** The target that this machine is. */
export function hostTarget() {
  const musl = process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
  return `${musl ? "alpine" : process.platform}-${process.arch}`;
}
