#include "core/proxymap_client.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>

namespace uflush {
namespace {

constexpr std::chrono::seconds retry_pause{1};
/// A reply holds one value; no sane one is longer.
constexpr std::size_t reply_bytes_max = 1024UL * 1024;

RemoteAnswer failed(std::string trouble = {}) {
  RemoteAnswer answer;
  answer.trouble = std::move(trouble);
  return answer;
}

std::string not_served(const std::string& table) {
  return fmt::format(
      "proxymap service is not configured for table \"{0}\": list proxy:{0} in proxy_read_maps", table);
}

}  // namespace

struct ProxymapClient::Attempt {
  // Constructors, for GCC 12 destroys temporary aggregates in co_return twice.
  Attempt(RemoteAnswer found) : answer(std::move(found)) {}  // NOLINT: an answer is what attempts are for
  static Attempt of_broken(std::string why) {
    Attempt attempt{RemoteAnswer{}};
    attempt.broken = std::move(why);
    return attempt;
  }

  RemoteAnswer answer;
  std::string broken;  ///< not empty: there is no answer
};

struct ProxymapClient::Exchange {
  explicit Exchange(const ProxymapReplyStep& step) : reply(step), value(step.value) {}
  explicit Exchange(std::string why) : broken(std::move(why)) {}

  ProxymapReplyStep reply;  ///< its value is a view of what is gone
  std::string value;
  std::string broken;  ///< not empty: there is no reply
};

/// Drops the connection when nobody has used it for long.
class ProxymapClient::IdleTimer final : private Timer {
 public:
  explicit IdleTimer(ProxymapClient& client) : client_(client) {}
  void start(Instant when) { client_.loop_.timers().set(*this, when); }
  void stop() { client_.loop_.timers().cancel(*this); }

 private:
  void on_timer() noexcept override { client_.drop_connection(); }

  ProxymapClient& client_;
};

ProxymapClient::ProxymapClient(Loop& loop, const Config& config, Log& log)
    : loop_(loop),
      config_(config),
      log_(log),
      path_("private/" + config.proxymap_service_name),
      one_at_a_time_(loop),
      idle_(std::make_unique<IdleTimer>(*this)) {}

ProxymapClient::~ProxymapClient() {
  close();
}

void ProxymapClient::close() {
  FLUSH_ASSERT(one_at_a_time_.is_free());
  drop_connection();
}

Task<RemoteAnswer> ProxymapClient::look_up(RemoteQuestion question, StopToken stop) {
  const Patience patience{.deadline = loop_.now() + config_.uflush_table_timeout, .stop = stop};
  const std::string name = RememberedAnswers::name_of(question);
  if (const RemoteAnswer* known = answers_.find(name, loop_.now())) co_return *known;
  const auto turn = co_await one_at_a_time_.lock();
  if (const RemoteAnswer* known = answers_.find(name, loop_.now())) co_return *known;

  idle_->stop();
  if (socket_ && loop_.now() >= connected_at_ + config_.ipc_ttl) drop_connection();
  for (int tries = 1; loop_.now() < *patience.deadline && !stop.stop_requested(); ++tries) {
    Attempt outcome = co_await attempt(question, patience);
    if (outcome.broken.empty()) {
      if (socket_) idle_->start(std::min(loop_.now() + config_.ipc_idle, connected_at_ + config_.ipc_ttl));
      if (outcome.answer.lookup != Lookup::failed) answers_.remember(name, outcome.answer);
      co_return std::move(outcome.answer);
    }
    drop_connection();
    if (tries == 1) continue;
    log_.warning("{}: {}", path_, outcome.broken);
    [[maybe_unused]] const bool slept =
        co_await Sleep{loop_, std::min(loop_.now() + retry_pause, *patience.deadline), stop};
  }
  if (stop.stop_requested()) co_return failed();
  co_return failed(fmt::format("no answer from {} within {}s", path_, config_.uflush_table_timeout.count()));
}

Task<ProxymapClient::Attempt> ProxymapClient::attempt(const RemoteQuestion& question, Patience patience) {
  if (!socket_) {
    const auto connected = co_await connect(patience);
    if (!connected) co_return Attempt::of_broken(fmt::format("connect: {}", connected.error().message()));
  }
  if (!opened_.contains(question.table)) {
    Attempt opening = co_await open_table(question.table, patience);
    if (!opening.broken.empty() || opening.answer.lookup == Lookup::failed) co_return std::move(opening);
  }
  std::string request;
  append_proxymap_lookup(request, form_, question.table, question.key);
  Exchange lookup = co_await exchange(std::move(request), patience);
  if (!lookup.broken.empty()) co_return Attempt::of_broken(std::move(lookup.broken));

  RemoteAnswer answer;
  answer.keys = opened_.at(question.table);
  answer.good_until = loop_.now() + config_.uflush_table_cache_time;
  switch (lookup.reply.status) {
    case ProxymapStatus::ok:
      answer.lookup = Lookup::found;
      answer.value = std::move(lookup.value);
      break;
    case ProxymapStatus::no_key:
      answer.lookup = Lookup::not_found;
      break;
    case ProxymapStatus::retry:
    case ProxymapStatus::config_error:
      break;  // the server has logged why
    case ProxymapStatus::bad:
      opened_.clear();  // perhaps another release answers by now
      answer.trouble = fmt::format("proxymap lookup failed for table \"{}\" key \"{}\": invalid request",
                                   question.table, question.key);
      break;
    case ProxymapStatus::denied:
      answer.trouble = not_served(question.table);
      break;
    default:
      co_return Attempt::of_broken(fmt::format("lookup of \"{}\" in table \"{}\": unexpected reply status {}",
                                               question.key, question.table,
                                               static_cast<std::uint32_t>(lookup.reply.status)));
  }
  co_return std::move(answer);
}

/// Asks for the keys of a table. The answer is a success, whatever it says, unless it says `failed`.
Task<ProxymapClient::Attempt> ProxymapClient::open_table(const std::string& table, Patience patience) {
  for (const bool second_form : {false, true}) {
    std::string request;
    append_proxymap_open(request, form_, table);
    Exchange opening = co_await exchange(std::move(request), patience);
    if (!opening.broken.empty()) co_return Attempt::of_broken(std::move(opening.broken));
    switch (opening.reply.status) {
      case ProxymapStatus::ok: {
        const bool pattern = (opening.reply.flags & proxymap_flag_pattern) != 0;
        opened_.emplace(table, pattern ? Keys::pattern : Keys::fixed);
        RemoteAnswer success;
        success.lookup = Lookup::not_found;
        co_return std::move(success);
      }
      case ProxymapStatus::retry:
      case ProxymapStatus::config_error:
        co_return failed();
      case ProxymapStatus::denied:
        co_return failed(not_served(table));
      case ProxymapStatus::bad:
        break;
      default:
        co_return Attempt::of_broken(fmt::format("open of table \"{}\": unexpected status {}", table,
                                                 static_cast<std::uint32_t>(opening.reply.status)));
    }
    // Perhaps the server is of another release. What it made of this request is best forgotten.
    form_ = form_ == ProxymapForm::until_3_10 ? ProxymapForm::since_3_11 : ProxymapForm::until_3_10;
    drop_connection();
    if (second_form) break;
    const auto connected = co_await connect(patience);
    if (!connected) co_return Attempt::of_broken(fmt::format("connect: {}", connected.error().message()));
  }
  co_return failed(fmt::format("proxymap open failed for table \"{}\": invalid request", table));
}

// ---- The connection.

Task<Result<void>> ProxymapClient::connect(Patience patience) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) co_return Error{ENAMETOOLONG};
  std::memcpy(address.sun_path, path_.data(), path_.size());
  CO_TRY(socket, loop_.ring().unix_socket());
  socket_ = std::move(socket);
  connected_at_ = loop_.now();
  auto connected = co_await Operation{loop_, op::Connect{socket_.get(), &address}, patience};
  if (connected && config_.uflush_announcement) connected = co_await hear_announcement(patience);
  if (!connected) drop_connection();
  co_return connected;
}

Task<Result<void>> ProxymapClient::hear_announcement(Patience patience) {
  std::string received;
  while (received.size() < proxymap_announcement.size()) {
    CO_TRY_VOID(co_await receive(received, patience));
    if (!proxymap_announcement.starts_with(received)) co_return Error{EPROTO};
  }
  co_return outcome::success();
}

Task<ProxymapClient::Exchange> ProxymapClient::exchange(std::string request, Patience patience) {
  const op::Send send{.fd = socket_.get(), .from = std::as_bytes(std::span(request))};
  const auto sent = co_await Operation{loop_, send, patience};
  if (!sent) co_return Exchange(fmt::format("send: {}", sent.error().message()));
  if (sent.value() < request.size()) co_return Exchange(std::string("send: it went away midway"));
  std::string received;
  while (received.size() <= reply_bytes_max) {
    const auto came = co_await receive(received, patience);
    if (!came) co_return Exchange(fmt::format("receive: {}", came.error().message()));
    const ProxymapReplyStep step = decode_proxymap_reply(received);
    if (step.kind == ProxymapReplyStep::Kind::complete) co_return Exchange(step);
    if (step.kind == ProxymapReplyStep::Kind::malformed) break;
  }
  co_return Exchange(std::string("malformed reply"));
}

/// Appends what comes next to `received`; ECONNRESET when nothing will.
Task<Result<void>> ProxymapClient::receive(std::string& received, Patience patience) {
  std::array<char, 1024> piece;
  const op::Recv recv{.fd = socket_.get(), .into = std::as_writable_bytes(std::span(piece))};
  const auto count = co_await Operation{loop_, recv, patience};
  if (!count) co_return count.error();
  if (count.value() == 0) co_return Error{ECONNRESET};
  received.append(piece.data(), count.value());
  co_return outcome::success();
}

void ProxymapClient::drop_connection() {
  idle_->stop();
  if (socket_) loop_.ring().post_close(std::move(socket_));
}

}  // namespace uflush
