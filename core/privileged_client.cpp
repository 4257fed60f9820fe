#include "core/privileged_client.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "io/event.hpp"
#include "io/operation.hpp"

namespace uflush {
namespace {

using Kind = PrivilegedMessage::Kind;

/// How long a table that has failed is not asked again.
constexpr std::chrono::seconds retry_pause{1};
/// How long the log is not told again.
constexpr std::chrono::seconds quiet_time{60};
/// The privileged process gives a rehearsal less.
constexpr std::chrono::seconds rehearsal_limit{60};
/// The privileged process knows the limit too, and says more about what has happened.
constexpr std::chrono::milliseconds extra_time{500};

/// A failure of which the log has been told.
RemoteAnswer said_before() {
  RemoteAnswer answer;
  answer.quiet = true;
  return answer;
}

/// postmap does not tell. Of these types the reference asks for the whole site only.
Keys keys_of(std::string_view table) noexcept {
  return table.starts_with("tcp:") || table.starts_with("socketmap:") ? Keys::pattern : Keys::fixed;
}

PrivilegedMessage no_answer(Kind kind, const std::string& why) {
  return {.kind = kind, .number = 0, .detail = static_cast<std::uint32_t>(Lookup::failed), .text = why};
}

}  // namespace

/// One that the privileged process has been asked. Several may wait for its answer.
class PrivilegedClient::Question final : private Timer {
 public:
  Question(PrivilegedClient& client, std::uint32_t number, std::string name)
      : answered(client.loop_), client_(client), number_(number), name_(std::move(name)) {}
  ~Question() override = default;

  Event answered;
  std::optional<PrivilegedMessage> reply;
  std::optional<RemoteAnswer> answer;  ///< of a look-up, once somebody has made it of the reply

  void start_clock(Duration limit) { client_.loop_.timers().set(*this, client_.loop_.now() + limit); }
  void finish(PrivilegedMessage with) {
    client_.loop_.timers().cancel(*this);
    reply = std::move(with);
    answered.notify();
  }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  void on_timer() noexcept override {
    client_.finish(number_, no_answer(Kind::answer, "the privileged process does not answer"));
  }

  PrivilegedClient& client_;
  std::uint32_t number_;
  std::string name_;
};

PrivilegedClient::PrivilegedClient(Loop& loop, Fd socket, std::vector<std::string> tables,
                                   const Config& config, Log& log)
    : loop_(loop), socket_(std::move(socket)), tables_(std::move(tables)), config_(config), log_(log) {}

PrivilegedClient::~PrivilegedClient() {
  FLUSH_ASSERT(asked_.empty());
}

Task<void> PrivilegedClient::run(StopToken stop) {
  std::vector<std::byte> packet(privileged_message_bytes_max);
  while (!stop.stop_requested()) {
    const op::Recv recv{.fd = socket_.get(), .into = packet};
    const auto count = co_await Operation{loop_, recv, {.stop = stop}};
    if (!count && count.error().number == ECANCELED) break;
    if (!count || count.value() == 0) {
      lose_process();
      co_return;
    }
    take({reinterpret_cast<const char*>(packet.data()), count.value()});
  }
}

void PrivilegedClient::take(std::string_view packet) {
  std::optional<PrivilegedMessage> message = decode_privileged(packet);
  if (!message) return;
  if (message->kind == Kind::changed) {
    if (files_changed_) files_changed_();
  } else if (message->kind == Kind::answer || message->kind == Kind::rehearsed) {
    const std::uint32_t number = message->number;
    finish(number, *std::move(message));
  }
}

void PrivilegedClient::finish(std::uint32_t number, PrivilegedMessage reply) {
  const auto found = asked_.find(number);
  if (found == asked_.end()) return;  // too late
  const QuestionPtr question = found->second;
  asked_.erase(found);
  if (!question->name().empty()) by_name_.erase(question->name());
  question->finish(std::move(reply));
}

void PrivilegedClient::lose_process() {
  log_.warning("the privileged process has gone: see docs/security.md");
  loop_.ring().post_close(std::move(socket_));
  while (!asked_.empty())
    finish(asked_.begin()->first, no_answer(Kind::answer, "the privileged process has gone"));
}

/// Sends a question and waits for its reply, or for `stop`.
Task<void> PrivilegedClient::put(QuestionPtr question, PrivilegedMessage message, Duration limit,
                                 StopToken stop) {
  asked_.emplace(message.number, question);
  question->start_clock(limit);
  const std::string packet = encode_privileged(message);
  const op::Send send{.fd = socket_.get(), .from = std::as_bytes(std::span(packet))};
  const auto sent = co_await Operation{loop_, send, {.deadline = loop_.now() + limit, .stop = stop}};
  if (!sent) finish(message.number, no_answer(Kind::answer, "send: " + sent.error().message()));
  while (!question->reply && !stop.stop_requested()) co_await question->answered.wait(stop);
  if (!question->reply) finish(message.number, no_answer(Kind::answer, {}));
}

Task<RemoteAnswer> PrivilegedClient::look_up(RemoteQuestion question, StopToken stop) {
  std::string name = RememberedAnswers::name_of(question);
  if (const RemoteAnswer* known = answers_.find(name, loop_.now())) co_return *known;
  const auto table = std::find(tables_.begin(), tables_.end(), question.table);
  if (!is_privileged_key(question.key)) {
    RemoteAnswer never_there;
    never_there.lookup = Lookup::not_found;
    never_there.good_until = Instant::max();
    co_return never_there;
  }
  if (!is_there() || table == tables_.end()) co_return failed(question.table, "there is nobody to ask");
  if (loop_.now() < troubles_[question.table].leave_alone_until) co_return said_before();
  if (const auto known = by_name_.find(name); known != by_name_.end()) {
    const QuestionPtr same = known->second;
    while (!same->reply && !stop.stop_requested()) co_await same->answered.wait(stop);
    if (!same->reply) co_return said_before();
    if (!same->answer) same->answer = answer_from(question, *same->reply);
    co_return *same->answer;
  }
  const std::uint32_t number = ++last_number_;
  QuestionPtr asked = std::make_shared<Question>(*this, number, name);
  by_name_.emplace(std::move(name), asked);
  PrivilegedMessage message{.kind = Kind::look_up,
                            .number = number,
                            .detail = static_cast<std::uint32_t>(table - tables_.begin()),
                            .text = question.key};
  co_await put(asked, std::move(message), config_.uflush_table_timeout + extra_time, stop);
  if (!asked->answer) asked->answer = answer_from(question, *asked->reply);
  co_return *asked->answer;
}

RemoteAnswer PrivilegedClient::answer_from(const RemoteQuestion& question, const PrivilegedMessage& reply) {
  const auto lookup = static_cast<Lookup>(reply.detail);
  if (reply.kind != Kind::answer || (lookup != Lookup::found && lookup != Lookup::not_found))
    return reply.text.empty() ? said_before() : failed(question.table, reply.text);
  RemoteAnswer answer;
  answer.lookup = lookup;
  answer.keys = keys_of(question.table);
  answer.value = reply.text;
  answer.good_until = loop_.now() + config_.uflush_table_cache_time;
  answers_.remember(RememberedAnswers::name_of(question), answer);
  return answer;
}

RemoteAnswer PrivilegedClient::failed(const std::string& table, const std::string& why) {
  Trouble& trouble = troubles_[table];
  if (loop_.now() >= trouble.quiet_until) {
    log_.warning("{}", cannot_be_asked(table, why));
    trouble.quiet_until = loop_.now() + quiet_time;
  }
  trouble.leave_alone_until = loop_.now() + retry_pause;
  return said_before();
}

Task<void> PrivilegedClient::try_tables(StopToken stop) {
  for (const std::string& table : tables_) {
    RemoteQuestion question{table, std::string(trial_key), true};
    static_cast<void>(co_await look_up(std::move(question), stop));
    if (stop.stop_requested()) co_return;
  }
}

Task<PrivilegedClient::Rehearsal> PrivilegedClient::rehearse(StopToken stop) {
  Rehearsal rehearsal;
  if (!is_there()) co_return rehearsal;
  const std::uint32_t number = ++last_number_;
  QuestionPtr asked = std::make_shared<Question>(*this, number, std::string());
  PrivilegedMessage message{.kind = Kind::rehearse, .number = number};
  co_await put(asked, std::move(message), rehearsal_limit, stop);
  rehearsal.took_place = asked->reply->kind == Kind::rehearsed;
  rehearsal.would_start = rehearsal.took_place && asked->reply->detail == 1;
  rehearsal.text = asked->reply->text;
  co_return rehearsal;
}

}  // namespace uflush
