#include "tests/support/master_stand_in.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/failure.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::support {

MasterStandIn::MasterStandIn(const Spool& spool, StandInOptions options)
    : config_directory_(spool.config_directory()),
      queue_directory_(spool.queue().path()),
      options_(std::move(options)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  ::unlink(socket_path().c_str());  // of an earlier stand-in on the same spool
  listener_ = bind_unix_socket(socket_path(), SOCK_STREAM | SOCK_NONBLOCK);
  if (::listen(listener_.get(), 100) != 0) fail_errno("listen");
  std::array<int, 2> flow{};
  if (::pipe2(flow.data(), O_CLOEXEC | O_NONBLOCK) != 0) fail_errno("pipe2");
  flow_read_ = OwnedFd{flow[0]};
  flow_write_ = OwnedFd{flow[1]};
  generation_ = static_cast<unsigned>(std::strtoul(options_.generation.c_str(), nullptr, 8));
  open_status_channel();
}

MasterStandIn::~MasterStandIn() {
  ::eventfd_write(stop_.get(), 1);
  if (supervisor_.joinable()) supervisor_.join();
}

std::string MasterStandIn::socket_path() const {
  return queue_directory_ + "/public/" + options_.service;
}

void MasterStandIn::open_status_channel() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) fail_errno("socketpair");
  status_ours_ = OwnedFd{pair[0]};
  status_childs_ = OwnedFd{pair[1]};
}

std::vector<std::string> MasterStandIn::compose_argv() const {
  std::vector<std::string> argv = {options_.program.substr(options_.program.rfind('/') + 1)};
  std::vector<std::string> composed;
  if (options_.process_limit == 0) composed.emplace_back("-z");
  if (options_.process_limit == 1) composed.emplace_back("-l");
  if (options_.service != argv[0]) composed.insert(composed.end(), {"-n", options_.service});
  composed.insert(composed.end(), {"-t", "unix", "-u"});
  if (options_.chroot) composed.emplace_back("-c");
  const std::vector<std::string> for_all = tested_daemon_options();
  composed.insert(composed.end(), for_all.begin(), for_all.end());
  composed.insert(composed.end(), options_.arguments.begin(), options_.arguments.end());
  const std::vector<std::string>& rest = options_.all_arguments.value_or(composed);
  argv.insert(argv.end(), rest.begin(), rest.end());
  return argv;
}

std::vector<std::string> MasterStandIn::compose_environment() const {
  const std::string generation = options_.all_arguments || generation_ == 0 ? options_.generation : [this] {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%o", generation_);
    return std::string(text.data());
  }();
  std::vector<std::string> environment = options_.environment;
  for (const std::string& entry : {"MAIL_CONFIG=" + config_directory_, std::string("MAIL_LOGTAG=postfix"),
                                   std::string("LANG=C"), std::string("PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
                                   "POSTLOG_SERVICE=" + queue_directory_ + "/public/postlog",
                                   std::string("POSTLOG_HOSTNAME=relay"), "GENERATION=" + generation}) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('=') + 1);
    const bool given = std::any_of(environment.begin(), environment.end(), [&](const std::string& other) {
      return other.compare(0, name.size(), name) == 0;
    });
    if (!given) environment.push_back(entry);
  }
  return environment;
}

MasterStandIn::Child& MasterStandIn::start_child() {
  ProcessSpec spec;
  spec.program = options_.program;
  spec.argv = compose_argv();
  spec.environment = compose_environment();
  spec.descriptors = {
      {flow_read_.get(), 3}, {flow_write_.get(), 4}, {status_childs_.get(), 5}, {listener_.get(), 6}};
  spec.working_directory = queue_directory_;
  spec.file_mask = 077;
  spec.new_process_group = true;
  spec.call_filter = options_.call_filter;
  OwnedFd err;
  if (!options_.stderr_path.empty()) {
    err = OwnedFd{::open(options_.stderr_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
    if (!err.is_open()) fail_errno("open " + options_.stderr_path);
    spec.descriptors.push_back({err.get(), 2});
  }
  children_.push_back(std::make_unique<Child>(Child{ChildProcess{spec}}));
  return *children_.back();
}

ChildProcess& MasterStandIn::spawn() {
  const std::lock_guard lock(mutex_);
  return start_child().process;
}

std::optional<StatusRecord> MasterStandIn::read_status(milliseconds timeout) {
  if (!wait_readable(status_ours_.get(), Deadline{timeout})) return std::nullopt;
  StatusRecord record;
  if (::read(status_ours_.get(), &record, sizeof record) != sizeof record) return std::nullopt;
  return record;
}

void MasterStandIn::disconnect() {
  const std::lock_guard lock(mutex_);
  open_status_channel();
  ++generation_;
  for (const auto& child : children_) child->retired = true;
}

void MasterStandIn::supervise(std::size_t processes_max) {
  processes_max_ = processes_max;
  supervisor_ = std::thread([this] { supervise_until_stopped(); });
}

bool MasterStandIn::wants_child() const {
  const auto current = [](const auto& child) { return !child->retired; };
  const auto available = [](const auto& child) { return !child->retired && child->available; };
  return std::none_of(children_.begin(), children_.end(), available) &&
         std::count_if(children_.begin(), children_.end(), current) <
             static_cast<std::ptrdiff_t>(processes_max_);
}

void MasterStandIn::take_status_records() {
  std::array<StatusRecord, 64> batch;
  const ssize_t count = ::recv(status_ours_.get(), batch.data(), sizeof batch, MSG_DONTWAIT);
  for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count) / sizeof(StatusRecord); ++i) {
    records_.push_back(batch[i]);
    for (const auto& child : children_)
      if (child->process.pid() == batch[i].pid) child->available = batch[i].status == 1;
  }
}

void MasterStandIn::reap() {
  const auto ended = [this](const std::unique_ptr<Child>& child) {
    const std::optional<Exit> exit = child->process.wait(0ms);
    if (exit) exits_.push_back(*exit);
    return exit.has_value();
  };
  children_.erase(std::remove_if(children_.begin(), children_.end(), ended), children_.end());
}

void MasterStandIn::supervise_until_stopped() {
  for (;;) {
    std::vector<pollfd> wanted = {{stop_.get(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      wanted.push_back({status_ours_.get(), POLLIN, 0});
      wanted.push_back({wants_child() ? listener_.get() : -1, POLLIN, 0});
      for (const auto& child : children_) wanted.push_back({child->process.pidfd(), POLLIN, 0});
    }
    // A limit, because disconnect() and spawn() change the set behind our back.
    if (::poll(wanted.data(), wanted.size(), 20) < 0) continue;
    if (wanted[0].revents != 0) return;
    const std::lock_guard lock(mutex_);
    take_status_records();
    reap();
    if ((wanted[2].revents & POLLIN) != 0 && wants_child()) start_child();
  }
}

std::vector<StatusRecord> MasterStandIn::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::vector<Exit> MasterStandIn::exits() const {
  const std::lock_guard lock(mutex_);
  return exits_;
}

std::vector<pid_t> MasterStandIn::pids() const {
  const std::lock_guard lock(mutex_);
  std::vector<pid_t> pids;
  for (const auto& child : children_)
    if (!child->retired) pids.push_back(child->process.pid());
  return pids;
}

}  // namespace uflush::support
