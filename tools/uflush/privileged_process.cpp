#include "tools/uflush/privileged_process.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file_stamps.hpp"
#include "core/postmap.hpp"
#include "core/privileged_protocol.hpp"
#include "io/older_calls.hpp"
#include "io/optional_calls.hpp"

namespace uflush {
namespace {

using Steady = std::chrono::steady_clock;
using Kind = PrivilegedMessage::Kind;

/// Children at the same time. While there are so many, no more questions are read.
constexpr std::size_t jobs_max = 8;
constexpr std::chrono::seconds rehearsal_limit{30};
/// How often files are looked at, and how soon again when one may still be written to.
constexpr std::chrono::seconds look_pause{10};
constexpr std::chrono::seconds second_look_pause{1};

/// A child at work for one question.
class Job {
 public:
  Job(std::uint32_t the_number, Steady::time_point the_end) : number(the_number), end(the_end) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  virtual void append_descriptors(std::vector<pollfd>& fds) const = 0;
  /// Takes what the child has written. True when it is over.
  [[nodiscard]] virtual bool read() = 0;
  /// Ends the child before its time.
  virtual void kill() noexcept = 0;
  /// Waits for the end of the child, which is near, and says what has come of it.
  [[nodiscard]] virtual PrivilegedMessage finish(bool out_of_time) = 0;

  const std::uint32_t number;
  const Steady::time_point end;
};

class LookUp final : public Job {
 public:
  LookUp(std::uint32_t the_number, std::chrono::seconds limit, PostmapRun run)
      : Job(the_number, Steady::now() + limit), limit_(limit), run_(std::move(run)) {}

  void append_descriptors(std::vector<pollfd>& fds) const override {
    for (const int fd : {run_.output_fd(), run_.error_fd()})
      fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
  bool read() override { return run_.read(); }
  void kill() noexcept override { run_.kill(); }
  PrivilegedMessage finish(bool out_of_time) override {
    PostmapRun::Answer answer = run_.finish();
    if (out_of_time) answer = {Lookup::failed, fmt::format("no answer within {}s", limit_.count())};
    return {.kind = Kind::answer,
            .number = number,
            .detail = static_cast<std::uint32_t>(answer.lookup),
            .text = std::move(answer.text)};
  }

 private:
  std::chrono::seconds limit_;
  PostmapRun run_;
};

/// A child writes a byte, 1 if the start would succeed, and the text.
class RehearsalRun final : public Job {
 public:
  RehearsalRun(std::uint32_t the_number, pid_t pid, Fd out)
      : Job(the_number, Steady::now() + rehearsal_limit), pid_(pid), out_(std::move(out)) {}

  void append_descriptors(std::vector<pollfd>& fds) const override {
    fds.push_back({.fd = out_.get(), .events = POLLIN, .revents = 0});
  }
  bool read() override {
    std::array<char, 4096> piece;
    for (;;) {
      const ssize_t count = ::read(out_.get(), piece.data(), piece.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return false;
      if (count <= 0) return true;
      said_.append(piece.data(), static_cast<std::size_t>(count));
    }
  }
  void kill() noexcept override { ::kill(pid_, SIGKILL); }
  PrivilegedMessage finish(bool out_of_time) override {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    if (out_of_time) said_ = fmt::format("\1it takes more than {}s", rehearsal_limit.count());
    if (said_.empty()) said_ = fmt::format("\1it would die of signal {}", WTERMSIG(status));
    const bool would_start = said_.front() == '\2';
    return {
        .kind = Kind::rehearsed, .number = number, .detail = would_start ? 1U : 0U, .text = said_.substr(1)};
  }

 private:
  pid_t pid_;
  Fd out_;
  std::string said_;
};

class PrivilegedProcess {
 public:
  PrivilegedProcess(Fd socket, const std::function<RehearsedStart()>& rehearse)
      : socket_(std::move(socket)), rehearse_(rehearse) {}

  void run() {
    while (socket_) {
      wait();
      take_messages();
      see_to_jobs();
      look_at_files();
    }
    for (const auto& job : jobs_) {
      job->kill();
      static_cast<void>(job->finish(true));
    }
  }

 private:
  void wait();
  void take_messages();
  void take(PrivilegedMessage message);
  void start_look_up(const PrivilegedMessage& message);
  void start_rehearsal(std::uint32_t number);
  void see_to_jobs();
  void look_at_files();
  void send(const PrivilegedMessage& message);
  void send_failure(std::uint32_t number, std::string why);

  Fd socket_;
  const std::function<RehearsedStart()>& rehearse_;
  std::vector<std::string> tables_;
  FileStamps files_;
  std::optional<PostmapSettings> settings_;  ///< once the description is complete
  std::vector<std::unique_ptr<Job>> jobs_;
  Steady::time_point next_look_ = Steady::time_point::max();
  bool is_readable_ = false;
};

void PrivilegedProcess::wait() {
  const bool has_room = jobs_.size() < jobs_max;
  std::vector<pollfd> fds{
      {.fd = socket_.get(), .events = static_cast<short>(has_room ? POLLIN : 0), .revents = 0}};
  Steady::time_point until = next_look_;
  for (const auto& job : jobs_) {
    job->append_descriptors(fds);
    until = std::min(until, job->end);
  }
  int timeout = -1;
  if (until != Steady::time_point::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now()).count();
    timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
  }
  ::poll(fds.data(), fds.size(), timeout);
  is_readable_ = (fds.front().revents & POLLIN) != 0;
  if (!is_readable_ && (fds.front().revents & (POLLHUP | POLLERR)) != 0) socket_.reset();
}

void PrivilegedProcess::take_messages() {
  std::array<char, privileged_message_bytes_max> packet;
  while (socket_ && is_readable_ && jobs_.size() < jobs_max) {
    const ssize_t count = ::recv(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      socket_.reset();
      return;
    }
    auto message = decode_privileged({packet.data(), static_cast<std::size_t>(count)});
    if (message) take(*std::move(message));
  }
}

/// The description is complete before the daemon drops its rights: nothing can be added afterwards.
void PrivilegedProcess::take(PrivilegedMessage message) {
  if (!settings_) {
    if (message.kind == Kind::table) tables_.push_back(std::move(message.text));
    if (message.kind == Kind::serve) settings_ = decode_settings(message.text);
    if (message.kind == Kind::serve) next_look_ = Steady::now() + look_pause;
    if (message.kind == Kind::file) {
      if (auto file = decode_file(message.text)) files_.add(*std::move(file));
    }
    return;
  }
  if (message.kind == Kind::look_up) start_look_up(message);
  if (message.kind == Kind::rehearse) start_rehearsal(message.number);
}

void PrivilegedProcess::start_look_up(const PrivilegedMessage& message) {
  if (message.detail >= tables_.size() || !is_privileged_key(message.text))
    return send_failure(message.number, "not a question");
  auto run = PostmapRun::start(*settings_, tables_[message.detail], message.text);
  if (!run)
    return send_failure(message.number, fmt::format("{}: {}", settings_->program, run.error().message()));
  jobs_.push_back(std::make_unique<LookUp>(message.number, settings_->time_limit, std::move(run).value()));
}

void PrivilegedProcess::start_rehearsal(std::uint32_t number) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return send_failure(number, "pipe: " + last_error().message());
  Fd reader(ends[0]);
  const Fd writer(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return send_failure(number, "fork: " + last_error().message());
  if (pid == 0) {
    socket_.reset();
    reader.reset();
    const RehearsedStart outcome = rehearse_();
    const std::string said = (outcome.would_start ? '\2' : '\1') + outcome.text.substr(0, 2000);
    ::_exit(::write(writer.get(), said.data(), said.size()) > 0 ? 0 : 1);
  }
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);  // NOLINT(*-vararg)
  jobs_.push_back(std::make_unique<RehearsalRun>(number, pid, std::move(reader)));
}

void PrivilegedProcess::see_to_jobs() {
  std::erase_if(jobs_, [this](const std::unique_ptr<Job>& job) {
    const bool out_of_time = Steady::now() >= job->end;
    const bool over = job->read();
    if (!over && !out_of_time) return false;
    if (!over) job->kill();
    send(job->finish(!over));
    return true;
  });
}

void PrivilegedProcess::look_at_files() {
  if (Steady::now() < next_look_) return;
  if (files_.look()) send({.kind = Kind::changed});
  next_look_ = Steady::now() + (files_.is_unsettled() ? second_look_pause : look_pause);
}

void PrivilegedProcess::send(const PrivilegedMessage& message) {
  const std::string packet = encode_privileged(message);
  if (socket_ && ::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) socket_.reset();
}

void PrivilegedProcess::send_failure(std::uint32_t number, std::string why) {
  send({.kind = Kind::answer,
        .number = number,
        .detail = static_cast<std::uint32_t>(Lookup::failed),
        .text = std::move(why)});
}

/// Closes everything but `socket`, which gets a number behind the standard ones; those lead to /dev/null.
Fd keep_alone(Fd socket) {
  Fd kept(::fcntl(socket.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));  // NOLINT(*-vararg)
  socket.reset();
  const auto number = static_cast<unsigned>(kept.get());
  close_descriptors(0, number - 1);
  close_descriptors(number + 1, ~0U);
  const int nowhere = ::open("/dev/null", O_RDWR);  // NOLINT(*-vararg): gets the lowest number
  while (nowhere >= 0 && ::fcntl(nowhere, F_DUPFD, 0) < STDERR_FILENO) continue;  // NOLINT(*-vararg)
  return kept;
}

}  // namespace

Result<Fd> start_privileged_process(const std::function<RehearsedStart()>& rehearse) {
  if (!may_use(OptionalCall::socketpair)) return Error{EPERM};
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return last_error();
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    const Error error = last_error();
    // Where this is refused, so are threads: they need the same call, and one record is enough.
    static_cast<void>(is_refused(OptionalCall::threads, error.number));
    return error;
  }
  if (pid > 0) return ours;
  ours.reset();
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
  ::prctl(PR_SET_NAME, "uflush-priv");
  PrivilegedProcess(keep_alone(std::move(theirs)), rehearse).run();
  ::_exit(0);
}

}  // namespace uflush
