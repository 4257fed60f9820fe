#include "tests/support/mail_injection.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <thread>

#include <fmt/core.h>

namespace uflush::support {
namespace {

constexpr int clients_max = 5;
constexpr milliseconds reply_limit = 10'000ms;

enum class Outcome : std::uint8_t { accepted, not_accepted, unknown, nobody_listens };

bool says(const std::optional<std::string>& reply, std::string_view code) {
  return reply && reply->starts_with(code);
}

Outcome send_message(const InetAddress& server, const std::string& sender, const std::string& recipient) {
  std::optional<SmtpClient> client = SmtpClient::connect(server);
  if (!client) return errno == ECONNREFUSED ? Outcome::nobody_listens : Outcome::not_accepted;
  if (!says(client->try_reply(Deadline{reply_limit}), "220")) return Outcome::not_accepted;
  const auto answers = [&](const std::string& line, std::string_view code) {
    return says(client->try_command(line, Deadline{reply_limit}), code);
  };
  if (!answers("EHLO client.example", "250") || !answers(fmt::format("MAIL FROM:<{}>", sender), "250") ||
      !answers(fmt::format("RCPT TO:<{}>", recipient), "250") || !answers("DATA", "354"))
    return Outcome::not_accepted;
  const auto taken = client->try_command("Subject: test\r\n\r\ntest\r\n.", Deadline{reply_limit});
  if (!taken) return Outcome::unknown;
  if (!says(taken, "250")) return Outcome::not_accepted;
  (void)client->try_command("QUIT", Deadline{reply_limit});
  return Outcome::accepted;
}

/// What the clients of one injection share.
class Work {
 public:
  Work(const InetAddress& server, const Injection& injection, milliseconds limit)
      : server_(server), injection_(injection), deadline_(limit) {}

  void do_share() {
    for (int i = next_++; i < injection_.count && !over_; i = next_++) {
      if (send_once(i)) ++accepted_;
    }
  }
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  /// Sends one message until it is accepted. False when that can no longer be.
  bool send_once(int number) {
    while (!over_ && !deadline_.passed()) {
      const std::string sender = fmt::format("i{}m{}@client.example", id_, number);
      switch (send_message(server_, sender, injection_.recipient)) {
        case Outcome::accepted:
          return true;
        case Outcome::unknown:
          if (injection_.has_arrived(sender)) return true;
          break;
        case Outcome::nobody_listens:
          over_ = true;
          break;
        case Outcome::not_accepted:
          break;
      }
    }
    return false;
  }

  static int next_id() {
    static std::atomic<int> last{0};
    return ++last;
  }

  const InetAddress& server_;
  const Injection& injection_;
  Deadline deadline_;
  int id_ = next_id();
  std::atomic<int> next_{0};
  std::atomic<int> accepted_{0};
  std::atomic<bool> over_{false};
};

}  // namespace

int inject_mail(const InetAddress& server, const Injection& injection, milliseconds limit) {
  Work work(server, injection, limit);
  std::vector<std::thread> clients;
  for (int i = std::min(injection.count, clients_max); i > 0; --i)
    clients.emplace_back([&work] { work.do_share(); });
  for (std::thread& client : clients) client.join();
  return work.accepted();
}

}  // namespace uflush::support
