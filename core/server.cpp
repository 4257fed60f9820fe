#include "core/server.hpp"

#include <algorithm>

#include <poll.h>

#include "core/passed_client.hpp"
#include "io/peer.hpp"
#include "io/shortage.hpp"
#include "io/spare_memory.hpp"

namespace uflush {
namespace {

/// How long a client that was accepted before the end may take for its request, and a request may wait for a
/// lock that another process has.
constexpr std::chrono::seconds drain_limit{60};
/// How long a request may wait for a lock when the process has been told to leave: it ends 3 s after that.
constexpr std::chrono::seconds leave_limit{2};
/// When descriptors or memory of the system run out: no client of ours may leave for long, and others may
/// give theirs back.
constexpr std::chrono::milliseconds shortage_pause{250};
/// In a loop in which somebody connects and closes, there is always one more.
constexpr std::size_t accepts_per_turn_max = 64;
/// The same while some of them have gone already: the more slowly they are taken, the sooner others get
/// theirs.
constexpr std::size_t accepts_per_turn_in_flood = 16;
/// Every so many new clients one is asked whether it has gone.
constexpr std::size_t clients_per_gone_check = 8;
/// When master(8) is told of the first clients although more are waiting.
constexpr std::size_t accepts_until_report_max = 1024;
/// Logfiles that are closed when a client finds no descriptor left.
constexpr std::size_t descriptors_at_a_time = 16;

/// How warnings call the peer. The reference has no name for standard input.
std::string stream_name(const ServerSurroundings& surroundings, const Config& config) {
  return surroundings.only_client ? "unknown_stream" : config.service_name + " socket";
}

}  // namespace

/// Calls back when it has not been stopped for a while.
class Server::Countdown final : private Timer {
 public:
  Countdown(Loop& loop, std::function<void()> at_zero) : loop_(loop), at_zero_(std::move(at_zero)) {}
  void start(Duration length) { loop_.timers().set(*this, loop_.now() + length); }
  void stop() { loop_.timers().cancel(*this); }
  using Timer::is_set;

 private:
  void on_timer() noexcept override { at_zero_(); }

  Loop& loop_;
  std::function<void()> at_zero_;
};

Server::Server(Loop& loop, Service& service, const Config& config, Log& log, ServerSurroundings surroundings)
    : loop_(loop),
      config_(config),
      log_(log),
      surroundings_(std::move(surroundings)),
      receive_budget_(surroundings_.receive_bytes_max),
      context_{loop,      service,  config,         log, stream_name(surroundings_, config), draining_,
               hurrying_, leaving_, receive_budget_},
      service_(service),
      client_left_(loop),
      report_waits_(loop),
      idle_(std::make_unique<Countdown>(loop, [this] { retire(); })),
      lock_patience_(std::make_unique<Countdown>(loop, [this] { service_.stop_waiting_for_locks(); })),
      giving_memory_back_(std::make_unique<Countdown>(loop, give_memory_back)) {}

Server::~Server() = default;

Task<int> Server::run() {
  Scope watchers;  // until the draining begins
  Scope to_the_end;
  for (const int listener : surroundings_.listeners) watchers.spawn(accept_clients(listener));
  if (surroundings_.master != nullptr) {
    watchers.spawn(watch_master());
    watchers.spawn(report_again());
  }
  for (auto& watched : surroundings_.watches) (watched.leave ? to_the_end : watchers).spawn(watch(watched));
  if (surroundings_.idle_limit && clients_.size() == 0) idle_->start(config_.max_idle);
  const bool only_one_client = static_cast<bool>(surroundings_.only_client);
  if (only_one_client) {
    clients_.spawn(serve(std::move(surroundings_.only_client)));
    drain("single client");
  }
  co_await watchers.join();

  Countdown patience(loop_, [this] { hurrying_.request_stop(); });
  if (!only_one_client && !leaving_.stop_requested()) lock_patience_->start(drain_limit);
  if (!only_one_client) patience.start(std::min<std::chrono::seconds>(config_.ipc_timeout, drain_limit));
  co_await clients_.join();
  patience.stop();
  leaving_.request_stop();
  co_await to_the_end.join();
  co_await service_.close();
  lock_patience_->stop();
  giving_memory_back_->stop();
  co_return exit_status_;
}

void Server::drain(std::string_view reason) {
  if (draining_.stop_requested()) return;
  if (log_.verbose() > 0) log_.info("{} -- exiting", reason);
  idle_->stop();
  draining_.request_stop();
  client_left_.notify();
}

void Server::retire() {
  if (may_retire_) return drain("idle timeout");
  idle_->start(config_.max_idle);
}

void Server::leave(std::string_view reason) {
  drain(reason);
  hurrying_.request_stop();
  lock_patience_->start(leave_limit);
  leaving_.request_stop();
}

Task<void> Server::accept_clients(int listener) {
  Readiness readiness(loop_, listener);
  while (!draining_.stop_requested()) {
    if (auto ready = co_await readiness.wait(draining_); !ready) {
      if (ready.error().number == ECANCELED) continue;
      log_.fatal("poll: {}", ready.error().message());
      exit_status_ = 1;
      drain("listener lost");
      break;
    }
    Accepted last = Accepted::client;
    while (last != Accepted::nobody && !draining_.stop_requested()) {
      last = accept_some(listener);
      if (last == Accepted::client) {
        co_await next_turn();  // those who are connected have theirs first
      } else if (last != Accepted::nobody) {
        co_await wait_for_room(last);
      }
    }
  }
  co_await readiness.close();
}

/// Takes connections until there are none, or no more can be had, or these are enough for one turn. How the
/// last try ended.
Server::Accepted Server::accept_some(int listener) {
  Accepted last = Accepted::client;
  const std::size_t tries = gone_checks_left_ > 0 ? accepts_per_turn_in_flood : accepts_per_turn_max;
  for (std::size_t i = 0; i < tries && last == Accepted::client; ++i)
    last = draining_.stop_requested() ? Accepted::nobody : accept_one(listener);
  const bool all_taken = last == Accepted::nobody || accepted_ >= accepts_until_report_max;
  if (!reported_ && accepted_ > 0 && all_taken && exit_status_ == 0) report_first_clients();
  return last;
}

/// Takes one connection.
Server::Accepted Server::accept_one(int listener) {
  if (clients_.size() >= surroundings_.clients_max) return Accepted::too_many_clients;
  while (true) {
    auto accepted = loop_.ring().accept(listener);
    if (accepted) {
      take_in(std::move(accepted).value());
      return Accepted::client;
    }
    switch (accepted.error().number) {
      case EAGAIN:
        return Accepted::nobody;
      case EINTR:
      case ECONNABORTED:
        return Accepted::client;
      case EMFILE:
      case ENFILE:
        if (service_.close_idle_logs(descriptors_at_a_time)) continue;
        report_if_shortage(accepted.error());
        return Accepted::shortage;
      case ENOBUFS:
      case ENOMEM:
        report_if_shortage(accepted.error());
        return Accepted::shortage;
      default:
        log_.fatal("accept connection: {}", accepted.error().message());
        exit_status_ = 1;
        drain("listener lost");
        return Accepted::nobody;
    }
  }
}

void Server::take_in(Fd client) {
  idle_->stop();
  ++accepted_;
  if (accepted_ == 1 && !surroundings_.unexpected_argument.empty()) return refuse_command_line();
  if (config_.max_use_explicit && accepted_ >= static_cast<std::size_t>(*config_.max_use_explicit)) {
    drain("max_use connections served");
  }
  if (has_gone(client)) return;
  service_.leave_room_for(clients_.size() + 2);  // this one, and the next
  clients_.spawn(serve(std::move(client)));
}

/// Somebody who connects and closes in a loop fills the backlog: those who have gone already, without a word,
/// are to cost those behind them as little as can be. Looking costs a system call, so it is done for a few,
/// and for all as long as it finds any.
bool Server::has_gone(const Fd& client) {
  if (surroundings_.descriptors_are_passed) return false;
  if (gone_checks_left_ > 0) {
    --gone_checks_left_;
  } else if (accepted_ % clients_per_gone_check != 0) {
    return false;
  }
  if (!uflush::has_gone(client.get())) return false;
  gone_checks_left_ = accepts_per_turn_max;
  if (clients_.size() == 0 && surroundings_.idle_limit && !draining_.stop_requested())
    idle_->start(config_.max_idle);
  return true;
}

/// Until a client has left, or, as a shortage of the system may end without that, for a while.
Task<void> Server::wait_for_room(Accepted why) {
  report(MasterStatus::taken);
  Countdown try_again(loop_, [this] { client_left_.notify(); });
  if (why == Accepted::shortage) try_again.start(shortage_pause);
  co_await client_left_.wait(draining_);
  try_again.stop();
  co_await next_turn();  // a descriptor is only free when the ring has been handed the close
  report(MasterStatus::available);
}

/// Goes on when the ring has turned, and those whose ops have completed go on as well.
Sleep Server::next_turn() {
  return Sleep{loop_, loop_.now(), draining_};
}

Task<void> Server::serve(Fd socket) {
  if (surroundings_.descriptors_are_passed) {
    const Patience patience{.deadline = loop_.now() + config_.ipc_timeout, .stop = hurrying_};
    auto passed = co_await receive_passed_client(loop_, log_, std::move(socket), patience);
    if (passed) co_await serve_client(context_, std::move(passed).value());
  } else {
    co_await serve_client(context_, std::move(socket));
  }
  client_left_.notify();
  if (!giving_memory_back_->is_set()) giving_memory_back_->start(idle_before_giving_back);
  // This client still counts.
  if (clients_.size() == 1 && surroundings_.idle_limit && !draining_.stop_requested())
    idle_->start(config_.max_idle);
}

/// The reference, too, only notices when the first client is there.
void Server::refuse_command_line() {
  report(MasterStatus::taken);
  log_.fatal("unexpected command-line argument: {}", surroundings_.unexpected_argument);
  exit_status_ = 1;
  leave("bad start");
}

/// One TAKEN and AVAIL pair early in life: without it master(8) takes any abnormal exit for a failed start,
/// and stops the service for a minute. From then on this process stays available, so that master(8) starts no
/// second one. It starts one at once when it hears TAKEN while another client waits, hence after all that
/// waited have been accepted: two processes on one listener wake each other for nothing.
void Server::report_first_clients() {
  reported_ = true;
  report(MasterStatus::taken);
  report(MasterStatus::available);
}

void Server::report(MasterStatus status) {
  MasterChannel* master = surroundings_.master;
  if (master == nullptr) return;
  if (log_.verbose() > 0) log_.info("master_notify: status {}", static_cast<int>(status));
  if (status == MasterStatus::taken) {
    master->report_taken();
  } else if (!master->report_available()) {
    drain("master disconnect");
  }
  if (master->waiting() > 0) report_waits_.notify();
}

/// A master(8) that stands still has no room for reports: they go out when there is some again.
Task<void> Server::report_again() {
  MasterChannel& master = *surroundings_.master;
  const op::Poll room{.fd = master.fd(), .events = POLLOUT};
  while (!draining_.stop_requested()) {
    if (master.waiting() == 0) {
      co_await report_waits_.wait(draining_);
      continue;
    }
    const auto writable = co_await Operation{loop_, room, {.stop = draining_}};
    if (!writable) co_return;
    if (!master.send_waiting()) drain("master disconnect");
  }
}

Task<void> Server::watch_master() {
  const op::Poll poll{.fd = surroundings_.master->fd(), .events = POLLIN};
  const auto readable = co_await Operation{loop_, poll, {.stop = draining_}};
  if (readable || readable.error().number != ECANCELED) drain("master disconnect");
}

Task<void> Server::watch(ServerSurroundings::Watch& watched) {
  const op::Poll poll{.fd = watched.fd, .events = POLLIN};
  while (!watched.must_end()) {  // which may have become true before there was anybody to watch
    const auto readable = co_await Operation{loop_, poll, {.stop = watched.leave ? leaving_ : draining_}};
    if (!readable) co_return;
  }
  if (watched.leave) {
    leave("signal");
  } else {
    drain("configuration changed");
  }
}

}  // namespace uflush
