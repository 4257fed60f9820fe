#include "tests/differential/side.hpp"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
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
  for (const auto& [name, content] : configuration.files)
    support::write_file(spool_.config_directory() + "/" + name, content);
  for (const auto& [type, name] : configuration.compiled) {
    const std::string table = fmt::format("{}:{}/{}", type, spool_.config_directory(), name);
    const support::Output made = support::run({"/usr/sbin/postmap", "-c", spool_.config_directory(), table});
    if (made.exit.status != 0) fail(fmt::format("postmap {}: {}", table, made.err));
  }
  fs::create_symlink(program, program_directory_.path("flush"));
  log_.emplace(spool_.queue().path("public/postlog"));
  open_queue_manager();
  restart();
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
  options.program = program_directory_.path("flush");
  options.service = configuration_.service;
  options.chroot = configuration_.chroot;
  options.arguments = {"-m", "1000000", "-o", "max_idle=1h"};  // one process as long as nothing ends it
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

Reply Side::converse(const Conversation& conversation) const {
  FlushClient client = master_->connect();
  std::string greeting;
  if (!conversation.speaks_first) greeting = client.read_announcement();
  bool first = true;
  for (const std::string& piece : conversation.pieces) {
    if (!first) client.wait_until_taken();
    if (!client.send(piece)) break;
    first = false;
  }
  if (conversation.half_closes) client.half_close();
  if (conversation.speaks_first) greeting = client.read_announcement();
  if (greeting != support::announcement_bytes) return {"instead of an announcement: " + greeting};
  return client.read_to_end();
}

Observation Side::perform(const Conversation& conversation, const StepClock& clock, bool on_one_connection) {
  Observation seen;
  if (conversation.pipelined && !on_one_connection) {
    for (const std::string& request : conversation.pieces) {
      const Reply reply = converse({.pieces = {request}, .half_closes = conversation.half_closes});
      seen.reply += reply.bytes;
      seen.ending = reply.ending;
    }
  } else {
    Conversation as_sent = conversation;
    if (conversation.pipelined) as_sent.pieces = {conversation.all_bytes()};
    const Reply reply = converse(as_sent);
    seen.reply = reply.bytes;
    seen.ending = reply.ending;
  }
  seen.log = logged_up_to_now();
  seen.triggers = triggered_up_to_now();
  seen.spool = spool(clock);
  age_touched_files(spool_.queue().path(), clock);
  return seen;
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
  record.erase(0, date_bytes);
  const std::size_t pid = record.find('[');
  const std::size_t end = record.find("]: ");
  if (pid < end && end != std::string::npos) record.erase(pid, end + 1 - pid);
  replace_all(record, spool_.config_directory(), "@config");
  replace_all(record, spool_.queue().path(), "@queue");
  return record;
}

}  // namespace uflush::differential
