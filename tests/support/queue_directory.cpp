#include "tests/support/queue_directory.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <sstream>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/failure.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::support {
namespace {

namespace fs = std::filesystem;

void give_to_mail_owner(const std::string& path, mode_t mode) {
  const MailOwner owner = mail_owner();
  if (::chown(path.c_str(), owner.uid, owner.gid) != 0) fail_errno("chown " + path);
  if (::chmod(path.c_str(), mode) != 0) fail_errno("chmod " + path);
}

}  // namespace

MailOwner mail_owner() {
  // Once: getpwnam(3) is not for several threads.
  static const MailOwner owner = [] {
    const passwd* entry = ::getpwnam("postfix");
    if (entry == nullptr) fail("this machine has no user postfix");
    return MailOwner{entry->pw_uid, entry->pw_gid};
  }();
  return owner;
}

void QueueDirectory::add_deferred(const std::string& id, mode_t mode) const {
  const std::string directory = path("deferred/" + id.substr(0, 1));
  if (fs::create_directories(directory)) give_to_mail_owner(directory, 0700);
  write_file(directory + "/" + id, "queue file " + id);
  give_to_mail_owner(directory + "/" + id, mode);
}

std::vector<Entry> QueueDirectory::list(const std::string& name) const {
  std::vector<Entry> entries;
  const fs::path top = path(name);
  std::error_code error;
  for (fs::recursive_directory_iterator it(top, error), end; !error && it != end; it.increment(error)) {
    struct stat status {};
    if (::lstat(it->path().c_str(), &status) != 0) continue;  // gone meanwhile
    entries.push_back({it->path().lexically_relative(path_).string(), status.st_mode, status.st_uid,
                       status.st_gid, status.st_size, status.st_atime, status.st_mtime});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  return entries;
}

std::vector<std::string> QueueDirectory::ids_in(const std::string& queue) const {
  std::vector<std::string> ids;
  for (const Entry& entry : list(queue))
    if (S_ISREG(entry.mode)) ids.push_back(fs::path(entry.path).filename().string());
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::optional<Entry> QueueDirectory::queue_file(const std::string& queue, const std::string& id) const {
  for (const Entry& entry : list(queue))
    if (fs::path(entry.path).filename() == id) return entry;
  return std::nullopt;
}

std::optional<std::string> QueueDirectory::logfile(std::string_view log_name) const {
  const std::string name = path("flush/" + std::string(log_name));
  if (!fs::exists(name)) return std::nullopt;
  return read_file(name);
}

bool is_page_filler(std::string_view line) {
  constexpr std::size_t bytes_min = 8;
  return line.size() >= bytes_min && line.find_first_not_of('0') == std::string_view::npos;
}

std::vector<std::string> QueueDirectory::log_lines(std::string_view log_name) const {
  std::vector<std::string> lines;
  std::istringstream content(logfile(log_name).value_or(""));
  for (std::string line; std::getline(content, line);)
    if (!is_page_filler(line)) lines.push_back(line);
  return lines;
}

void QueueDirectory::write_logfile(std::string_view log_name, std::string_view content,
                                   std::time_t age_s) const {
  const std::string name = path("flush/" + std::string(log_name));
  write_file(name, content);
  give_to_mail_owner(name, 0600);
  const timespec then{std::time(nullptr) - age_s, 0};
  const timespec times[2] = {then, then};
  if (::utimensat(AT_FDCWD, name.c_str(), times, 0) != 0) fail_errno("utimensat " + name);
}

std::vector<std::string> QueueDirectory::log_names() const {
  return ids_in("flush");
}

namespace {

bool is_id(const std::string& text) {
  const auto allowed = [](unsigned char byte) { return std::isalnum(byte) != 0 || byte == '_'; };
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

std::vector<std::string> QueueDirectory::inconsistencies() const {
  std::vector<std::string> findings;
  std::map<std::string, std::string> queue_of;
  for (const char* queue : {"incoming", "active", "deferred", "hold"})
    for (const std::string& id : ids_in(queue))
      if (const auto [first, is_new] = queue_of.emplace(id, queue); !is_new)
        findings.push_back(id + " is in " + first->second + " and in " + queue);
  for (const Entry& log : list("flush")) {
    const std::string name = log.path.substr(log.path.rfind('/') + 1);
    const std::string content = logfile(name).value_or("");
    if (!content.empty() && content.back() != '\n') findings.push_back(log.path + " ends in half a line");
    for (const std::string& line : log_lines(name))
      if (!is_id(line)) findings.push_back(log.path + " has the line " + line);
    if (log.mode != (S_IFREG | 0600U) || log.uid != mail_owner().uid || log.gid != mail_owner().gid)
      findings.push_back(log.path + " has the wrong owner or mode");
  }
  return findings;
}

}  // namespace uflush::support
