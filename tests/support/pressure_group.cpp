#include "tests/support/pressure_group.hpp"

#include <fstream>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

namespace uflush::support {
namespace {

std::optional<std::string> cgroup2_mount() {
  std::ifstream mounts("/proc/self/mounts");
  std::string device;
  std::string where;
  std::string type;
  std::string rest;
  while (mounts >> device >> where >> type && std::getline(mounts, rest))
    if (type == "cgroup2") return where;
  return std::nullopt;
}

}  // namespace

PressureGroup::PressureGroup() {
  const auto mount = cgroup2_mount();
  if (!mount) {
    why_not_ = "no cgroup2 is mounted";
    return;
  }
  const std::string path = *mount + "/uflush-test." + std::to_string(::getpid());
  if (::mkdir(path.c_str(), 0755) != 0) {
    why_not_ = "no right to make a control group";
    return;
  }
  path_ = path;
  if (!std::ifstream(path_ + "/io.pressure")) why_not_ = "the kernel does not count pressure";
}

PressureGroup::~PressureGroup() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

bool PressureGroup::add(pid_t process) const {
  std::ofstream members(path_ + "/cgroup.procs");
  members << process << std::endl;
  return members.good();
}

std::chrono::microseconds PressureGroup::io_pressure() const {
  std::ifstream file(path_ + "/io.pressure");
  std::string word;
  while (file >> word)
    if (word.starts_with("total=")) return std::chrono::microseconds(std::stoll(word.substr(6)));
  return std::chrono::microseconds::max();
}

}  // namespace uflush::support
