#include "tools/flushbench/machine.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "core/version.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/failure.hpp"

namespace uflush::bench {
namespace {

std::string cpu_model() {
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string kernel_release() {
  utsname names{};
  ::uname(&names);
  return std::string(names.sysname) + " " + names.release;
}

std::string postfix_version() {
  const std::string version = support::run({"/usr/sbin/postconf", "-d", "-h", "mail_version"}).out;
  return version.substr(0, version.find('\n'));
}

std::string load_average() {
  double minute = 0;
  if (::getloadavg(&minute, 1) != 1) return "unknown";
  std::ostringstream text;
  text.precision(2);
  text << std::fixed << minute;
  return text.str();
}

}  // namespace

// The mount of a device number, from /proc/self/mountinfo (proc_pid_mountinfo(5)).
std::string file_system_of(const std::string& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) support::fail_errno("stat " + directory);
  std::string wanted = std::to_string(major(status.st_dev));
  wanted.append(":").append(std::to_string(minor(status.st_dev)));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, type, source;
    fields >> id >> parent >> device;
    if (device != wanted) continue;
    std::istringstream(line.substr(line.find(" - ") + 3)) >> type >> source;
    return fmt::format("{} ({})", type, source);
  }
  return "unknown";
}

Machine describe_machine(const std::string& directory) {
  return {.cpu = cpu_model(),
          .cpus = std::thread::hardware_concurrency(),
          .kernel = kernel_release(),
          .file_system = file_system_of(directory),
          .postfix_version = postfix_version(),
          .uflush_version = version,
#ifdef __clang__
          .compiler = "Clang " __clang_version__,
#else
          .compiler = "GCC " __VERSION__,
#endif
          .load_average = load_average()};
}

}  // namespace uflush::bench
