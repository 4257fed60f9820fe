#include "tools/flushbench/bench_spool.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/failure.hpp"
#include "tests/support/owned_fd.hpp"
#include "tools/flushbench/requests.hpp"

namespace uflush::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view hash_directories = "0123456789ABCDEF";

support::OwnedFd open_directory(const std::string& path) {
  support::OwnedFd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory.is_open()) support::fail_errno("open " + path);
  return directory;
}

/// Makes or fills a file of the mail system; `age_s`: how long ago it was last looked at.
void write_mail_file(int directory, const std::string& name, std::string_view content, mode_t mode,
                     std::time_t age_s) {
  const support::OwnedFd file{
      ::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
  const support::MailOwner owner = support::mail_owner();
  const timespec then{std::time(nullptr) - age_s, 0};
  const std::array<timespec, 2> times{then, then};
  if (!file.is_open() || ::fchown(file.get(), owner.uid, owner.gid) != 0 ||
      ::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      ::futimens(file.get(), times.data()) != 0)
    support::fail_errno("make " + name);
}

void write_logfile(int directory, const std::string& name, std::string_view content, std::time_t age_s = 0) {
  write_mail_file(directory, name, content, 0600, age_s);
}

std::string log_name(std::size_t site) {
  return "site" + std::to_string(site) + "_example";
}

}  // namespace

// The stock daemon ends after max_use clients and would spend its time starting; a big relay raises it.
// (uflush ignores max_use in main.cf.)
BenchSpool::BenchSpool(const std::string& parent)
    : spool_(support::Parameters{{"max_use", "1000000000"}}, parent),
      log_(spool_.queue().path("public/postlog")),
      queue_manager_(std::make_unique<support::QmgrSocket>(spool_.queue().path("public/qmgr"))) {}

void BenchSpool::choose_queue_manager(support::QmgrSocket::Kind kind) {
  if (kind == queue_manager_kind_) return;
  queue_manager_.reset();
  const std::string path = spool_.queue().path("public/qmgr");
  fs::remove(path);
  queue_manager_ = std::make_unique<support::QmgrSocket>(path, kind);
  queue_manager_kind_ = kind;
}

void BenchSpool::make_directory(const std::string& name) const {
  const std::string path = spool_.queue().path(name);
  const support::MailOwner owner = support::mail_owner();
  if (::mkdir(path.c_str(), 0700) != 0 || ::chown(path.c_str(), owner.uid, owner.gid) != 0)
    support::fail_errno("make directory " + path);
}

bool BenchSpool::bring(const std::string& directory, const std::string& set) {
  std::string& present = present_[directory];
  if (present == set) return false;
  const auto aside = [&](const std::string& name) {
    return spool_.queue().path("aside-" + directory + "-" + name);
  };
  fs::rename(spool_.queue().path(directory), aside(present));
  present = set;
  if (fs::exists(aside(set))) {
    fs::rename(aside(set), spool_.queue().path(directory));
    return false;
  }
  make_directory(directory);
  return true;
}

void BenchSpool::prepare_sites(std::size_t count) {
  const bool is_new = bring("flush", "sites-" + std::to_string(count));
  const auto directory = open_directory(spool_.queue().path("flush"));
  for (std::size_t site = 0; site < count; ++site) {
    struct stat status {};
    const std::string name = log_name(site);
    if (is_new || ::fstatat(directory.get(), name.c_str(), &status, 0) != 0 || status.st_size > 0)
      write_logfile(directory.get(), name, "");
  }
}

namespace {

/// The contents of a logfile, whose access time tells a refresh whether it is due: that must not change.
std::string read_untouched(const fs::path& path) {
  const support::OwnedFd file{::open(path.c_str(), O_RDONLY | O_NOATIME | O_CLOEXEC)};
  std::string contents(fs::file_size(path), '\0');
  if (!file.is_open() || ::read(file.get(), contents.data(), contents.size()) < 0)
    support::fail_errno("read " + path.string());
  return contents;
}

}  // namespace

std::uint64_t BenchSpool::logfile_lines() const {
  std::uint64_t lines = 0;
  for (const auto& entry : fs::directory_iterator(spool_.queue().path("flush"))) {
    std::istringstream log(read_untouched(entry.path()));
    for (std::string line; std::getline(log, line);)
      if (line.find_first_not_of('0') != std::string::npos) ++lines;  // else it fills a page
  }
  return lines;
}

void BenchSpool::make_messages(std::size_t count) const {
  for (std::size_t first = 0; first < hash_directories.size(); ++first) {
    const std::string name = "deferred/" + std::string(1, hash_directories[first]);
    make_directory(name);
    const auto directory = open_directory(spool_.queue().path(name));
    for (std::size_t number = first; number < count; number += hash_directories.size())
      write_mail_file(directory.get(), queue_id(number), "", 0700, 0);  // nobody reads it
  }
}

void BenchSpool::bring_messages(const std::string& set, std::size_t count) {
  choose_queue_manager(support::QmgrSocket::Kind::stream);
  move_back();
  if (bring("deferred", set)) make_messages(count);
}

void BenchSpool::move_back() {
  const std::string incoming = spool_.queue().path("incoming");
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator(incoming)) ids.push_back(entry.path().filename().string());
  if (ids.empty()) return;
  const auto from = open_directory(incoming);
  std::map<char, support::OwnedFd> to;
  for (const char first : hash_directories)
    to[first] = open_directory(spool_.queue().path("deferred/" + std::string(1, first)));
  for (const std::string& id : ids)
    if (::renameat(from.get(), id.c_str(), to.at(id.front()).get(), id.c_str()) != 0)
      support::fail_errno("move back " + id);
  // A directory does not shrink: every send is to find a small one.
  fs::remove(incoming);
  make_directory("incoming");
}

void BenchSpool::defer_messages(std::size_t count) {
  bring_messages(std::to_string(count), count);
  bring("flush", "backlog");
  for (const auto& entry : fs::directory_iterator(spool_.queue().path("flush"))) fs::remove(entry.path());
  std::string lines;
  for (std::size_t number = 0; number < count; ++number) lines.append(queue_id(number)).push_back('\n');
  write_logfile(open_directory(spool_.queue().path("flush")).get(), "backlog_example", lines);
}

std::size_t BenchSpool::incoming_messages() const {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(spool_.queue().path("incoming"))) ++count;
  return count;
}

void BenchSpool::prepare_fresh_logfiles(std::size_t count) {
  if (!bring("flush", "fresh-" + std::to_string(count))) return;
  const auto directory = open_directory(spool_.queue().path("flush"));
  for (std::size_t site = 0; site < count; ++site)
    write_logfile(directory.get(), log_name(site), site % 5 == 0 ? queue_id(site) + "\n" : "");
}

void BenchSpool::prepare_due_logfiles(std::size_t count) {
  constexpr std::time_t day = 86400;
  bring_messages("due-" + std::to_string(count), count);
  choose_queue_manager(support::QmgrSocket::Kind::fifo);
  bring("flush", "due-" + std::to_string(count));
  const auto directory = open_directory(spool_.queue().path("flush"));
  for (std::size_t site = 0; site < count; ++site)
    write_logfile(directory.get(), log_name(site), queue_id(site) + "\n", day);
}

bool BenchSpool::drop_caches() {
  ::sync();
  const support::OwnedFd switch_{::open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC)};
  return switch_.is_open() && ::write(switch_.get(), "3", 1) == 1;
}

std::string BenchSpool::log_text() const {
  std::string text;
  for (const std::string& record : log_.texts()) text += record + "\n";
  return text;
}

}  // namespace uflush::bench
