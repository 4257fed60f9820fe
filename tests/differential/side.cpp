#include "tests/differential/side.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/child_process.hpp"
#include "tests/support/failure.hpp"

namespace uflush::differential {
namespace {

namespace fs = std::filesystem;

using support::fail;
using support::FlushClient;
using support::Reply;

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

/// A program that runs `directory`/flush where /dev/log is `directory`/log. Bind mounts cannot create
/// /dev/log without every other process seeing the new name, so the whole of /dev is replaced.
void make_wrapper(const support::TempDir& directory) {
  const std::string dev = directory.path("dev");
  fs::create_directory(dev);
  fs::create_directory(directory.path("wrapper"));
  std::string script = fmt::format("set -e; mount -t tmpfs none {0}", dev);
  for (const char* name : {"null", "zero", "random", "urandom"})
    script += fmt::format("; touch {0}/{1}; mount --bind /dev/{1} {0}/{1}", dev, name);
  script += fmt::format("; ln -s {1} {0}/log; mount --rbind {0} /dev; exec {2} \"$@\"", dev,
                        directory.path("log"), directory.path("flush"));
  const std::string wrapper = directory.path("wrapper/flush");
  support::write_file(wrapper,
                      fmt::format("#!/bin/sh\nexec unshare -m /bin/sh -c '{}' flush \"$@\"\n", script));
  if (::chmod(wrapper.c_str(), 0755) != 0) support::fail_errno("chmod " + wrapper);
}

std::string fifo_path(const support::QueueDirectory& queue) {
  return queue.path("public/qmgr");
}

}  // namespace

bool Observation::has_fatal() const {
  return std::any_of(log.begin(), log.end(),
                     [](const std::string& line) { return line.find(": fatal: ") != std::string::npos; });
}

Side::Side(const Configuration& configuration, const std::string& program)
    : configuration_(configuration), spool_(configuration.parameters()) {
  write_files();
  fs::create_symlink(program, program_directory_.path("flush"));
  log_.emplace(configuration.syslog ? program_directory_.path("log") : spool_.queue().path("public/postlog"));
  open_queue_manager();
  if (configuration.syslog) make_wrapper(program_directory_);
  if (configuration.proxymap) start_proxymap();
  restart();
}

void Side::write_files() const {
  const std::string& directory = spool_.config_directory();
  const auto run = [](const std::vector<std::string>& command) {
    const support::Output made = support::run(command);
    if (made.exit.status != 0) fail(fmt::format("{}: {}", fmt::join(command, " "), made.err));
  };
  for (const auto& [name, content] : configuration_.files) {
    std::string text = content;
    replace_all(text, "@config", directory);
    support::write_file(directory + "/" + name, text);
  }
  for (const auto& [type, name] : configuration_.compiled)
    run({"/usr/sbin/postmap", "-c", directory, fmt::format("{}:{}/{}", type, directory, name)});
  if (!configuration_.sql.empty()) run({"/usr/bin/sqlite3", directory + "/sites.db", configuration_.sql});
}

void Side::start_proxymap() {
  support::StandInOptions options;
  options.program = "/usr/lib/postfix/sbin/proxymap";
  options.service = "../private/proxymap";
  options.all_arguments = {"-n", "proxymap", "-t", "unix", "-u", "-m", "1000000", "-o", "max_idle=1h"};
  proxymap_.emplace(spool_, std::move(options));
  proxymap_->supervise(1);
}

Side::~Side() = default;

void Side::open_queue_manager() {
  const std::string path = fifo_path(spool_.queue());
  switch (configuration_.queue_manager) {
    case QueueManagerKind::stream:
      qmgr_.emplace(path, support::QmgrSocket::Kind::stream);
      return;
    case QueueManagerKind::fifo:
      qmgr_.emplace(path, support::QmgrSocket::Kind::fifo);
      return;
    case QueueManagerKind::plain_file:
      support::write_file(path, "");
      return;
    case QueueManagerKind::missing:
      return;
  }
}

void Side::restart() {
  master_.reset();
  support::StandInOptions options;
  options.program = program_directory_.path(configuration_.syslog ? "wrapper/flush" : "flush");
  options.service = configuration_.service;
  options.chroot = configuration_.chroot;
  options.arguments = {"-m", "1000000", "-o", "max_idle=1h"};  // one process as long as nothing ends it
  options.arguments.insert(options.arguments.end(), configuration_.arguments.begin(),
                           configuration_.arguments.end());
  master_.emplace(spool_, std::move(options));
  master_->supervise(1);
}

void Side::clear_spool() const {
  const support::MailOwner owner = support::mail_owner();
  for (const char* name : {"flush", "deferred", "incoming", "active", "hold"}) {
    const std::string path = spool_.queue().path(name);
    fs::remove_all(path);
    if (::mkdir(path.c_str(), 0700) != 0 || ::chown(path.c_str(), owner.uid, 0) != 0)
      support::fail_errno("make " + path);
  }
}

void Side::apply(const SpoolEvent& event, std::time_t base) const {
  differential::apply(event, spool_.queue().path(), base);
}

namespace {

/// What the client says, then it goes away; false when the daemon has closed before.
bool say(FlushClient& client, const std::vector<std::string>& pieces) {
  bool first = true;
  for (const std::string& piece : pieces) {
    if (!first) client.wait_until_taken();
    if (!client.send(piece)) return false;
    first = false;
  }
  return true;
}

/// The kernel's table is read in pieces: a socket that goes away between two of them lets one be left out
/// that is there (1 of 848 readings while others open and close sockets all the time).
constexpr int looks_without_a_connection = 4;

bool lists_a_connection_to(const std::string& socket_path) {
  constexpr std::string_view listening = " 00010000 ";
  std::ifstream sockets("/proc/net/unix");
  for (std::string line; std::getline(sockets, line);)
    if (line.ends_with(" " + socket_path) && line.find(listening) == std::string::npos) return true;
  return false;
}

/// Returns when the daemon has closed all its connections. A client that has gone cannot see the end of its
/// own, so the kernel's table is looked at again and again.
void wait_until_nobody_is_served(const std::string& socket_path) {
  const support::Deadline deadline{support::patience};
  for (int looks = 0; looks < looks_without_a_connection;) {
    looks = lists_a_connection_to(socket_path) ? 0 : looks + 1;
    if (deadline.passed()) fail("the daemon does not close");
  }
}

}  // namespace

/// Nobody sees what the daemon answers.
void Side::leave_early(const Conversation& conversation) const {
  if (conversation.leaving == Leaving::before_the_announcement) {
    FlushClient other = master_->connect();
    other.read_announcement();  // from here on the reference has no eye for anybody else
    {
      FlushClient client = master_->connect();
      say(client, {conversation.all_bytes()});
    }
    other.send(std::string_view("X\0", 2));
    other.half_close();
    other.read_to_end();
  } else {
    FlushClient client = master_->connect();
    client.read_announcement();
    say(client, conversation.pieces);
  }
  wait_until_nobody_is_served(master_->socket_path());
}

Reply Side::converse(const Conversation& conversation) const {
  if (conversation.leaving != Leaving::never) {
    leave_early(conversation);
    return {"", support::Ending::eof};
  }
  FlushClient client = master_->connect();
  std::string greeting;
  if (!conversation.speaks_first) greeting = client.read_announcement();
  say(client, conversation.pieces);
  if (conversation.half_closes) client.half_close();
  if (conversation.speaks_first) greeting = client.read_announcement();
  if (greeting != support::announcement_bytes) return {"instead of an announcement: " + greeting};
  return client.read_to_end();
}

Observation Side::perform(const Conversation& conversation, const StepClock& clock) {
  Observation seen;
  if (conversation.is_one_client_per_piece()) {
    for (const std::string& request : conversation.pieces) {
      const Reply reply = converse({.pieces = {request}, .half_closes = conversation.half_closes});
      seen.reply += reply.bytes;
      seen.ending = reply.ending;
    }
  } else {
    Conversation as_sent = conversation;
    if (conversation.pipelining == Pipelining::one_client) as_sent.pieces = {conversation.all_bytes()};
    const Reply reply = converse(as_sent);
    seen.reply = reply.bytes;
    seen.ending = reply.ending;
  }
  seen.log = logged_up_to_now();
  seen.triggers = triggered_up_to_now();
  seen.spool = spool(clock);
  return seen;
}

void Side::age_touched_files(const StepClock& clock) const {
  differential::age_touched_files(spool_.queue().path(), clock);
}

std::vector<std::string> Side::logged_up_to_now() {
  // A request that is only logged: its record comes behind all others.
  const std::string marker = fmt::format("marker{}", ++markers_);
  const std::string request = marker + std::string("\0x\0\0", 4);
  if (master_->connect().ask(request).status() != support::status_bad) fail("no answer to a marker");
  const std::string text = "unexpected attribute " + marker + " ";
  if (!log_->wait_for(text)) fail("no record of a marker");
  std::vector<std::string> lines;
  const std::vector<std::string> records = log_->records();
  while (records.at(records_seen_).find(text) == std::string::npos)
    lines.push_back(normalised(records[records_seen_++]));
  ++records_seen_;
  const auto fatal = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find(": fatal: ") != std::string::npos;
  });
  if (fatal != lines.end()) lines.erase(fatal + 1, lines.end());
  return lines;
}

std::string Side::triggered_up_to_now() {
  if (!qmgr_) return {};
  constexpr std::string_view marker = "M";
  const std::string path = fifo_path(spool_.queue());
  if (configuration_.queue_manager == QueueManagerKind::fifo) {
    const support::OwnedFd fifo{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (::write(fifo.get(), marker.data(), marker.size()) != 1) support::fail_errno("write " + path);
  } else {
    FlushClient client(path);
    client.send(std::string(marker) + '\0');
  }
  if (!qmgr_->wait_for(marker)) fail("the queue manager's stand-in does not listen");
  std::string triggers = qmgr_->take_triggers();
  triggers.pop_back();
  return triggers;
}

std::string Side::normalised(std::string record) const {
  constexpr std::size_t date_bytes = 16;
  const std::size_t date = configuration_.syslog ? record.find('>') + 1 : 0;  // behind the priority
  record.erase(date, date_bytes);
  const std::size_t pid = record.find('[');
  const std::size_t end = record.find("]: ");
  if (pid < end && end != std::string::npos) record.erase(pid, end + 1 - pid);
  replace_all(record, spool_.config_directory(), "@config");
  replace_all(record, spool_.queue().path(), "@queue");
  // The reference ends this one with whatever errno some earlier call has left behind.
  constexpr std::string_view stale_errno = "end-of-input while reading request from ";
  if (const std::size_t at = record.find(stale_errno); at != std::string::npos)
    record.replace(record.rfind(": ") + 2, std::string::npos, "Application error");
  return record;
}

}  // namespace uflush::differential
