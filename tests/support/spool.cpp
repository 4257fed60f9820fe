#include "tests/support/spool.hpp"

#include <algorithm>
#include <ctime>

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/failure.hpp"

namespace uflush::support {
namespace {

void make_directory(const std::string& path, mode_t mode, uid_t uid, gid_t gid) {
  if (::mkdir(path.c_str(), 0700) != 0) fail_errno("mkdir " + path);
  if (::chown(path.c_str(), uid, gid) != 0) fail_errno("chown " + path);
  if (::chmod(path.c_str(), mode) != 0) fail_errno("chmod " + path);
}

gid_t setgid_group() {
  // Once: getgrnam(3) is not for several threads.
  static const gid_t id = [] {
    const group* entry = ::getgrnam("postdrop");
    if (entry == nullptr) fail("this machine has no group postdrop");
    return entry->gr_gid;
  }();
  return id;
}

}  // namespace

void write_main_cf(const std::string& config_directory, const Parameters& parameters) {
  std::string content;
  std::vector<std::string> done;
  for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter) {
    if (std::find(done.begin(), done.end(), parameter->first) != done.end()) continue;
    done.push_back(parameter->first);
    content.insert(0, parameter->first + " = " + parameter->second + "\n");
  }
  const std::string name = config_directory + "/main.cf";
  write_file(name, content);
  const timespec then{std::time(nullptr) - 10, 0};
  const timespec times[2] = {then, then};
  if (::utimensat(AT_FDCWD, name.c_str(), times, 0) != 0) fail_errno("utimensat " + name);
}

Spool::Spool(const Parameters& parameters, std::string_view parent)
    : top_(parent), config_directory_(top_.path("config")), queue_(top_.path("queue")) {
  const MailOwner owner = mail_owner();
  make_directory(config_directory_, 0755, 0, 0);
  make_directory(queue_.path(), 0755, 0, 0);
  make_directory(queue_.path("pid"), 0755, 0, 0);
  for (const char* name : {"flush", "deferred", "incoming", "active", "hold", "private"})
    make_directory(queue_.path(name), 0700, owner.uid, 0);
  make_directory(queue_.path("public"), 0710, owner.uid, setgid_group());
  set(parameters);
}

void Spool::set(const Parameters& parameters) const {
  Parameters all = {{"compatibility_level", "3.6"},
                    {"queue_directory", queue_.path()},
                    {"myhostname", "relay.example"},
                    {"maillog_file", "/var/log/uflush-test-never-written"},
                    {"fast_flush_domains", "static:all"}};
  all.insert(all.end(), parameters.begin(), parameters.end());
  write_main_cf(config_directory_, all);
}

}  // namespace uflush::support
