/// The program itself, against a server that says what the test wants.
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "tests/support/child_process.hpp"
#include "tests/support/flush_client.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::support {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Serves one client: announces, hears a request of known length, answers, closes.
class OneAnswer {
 public:
  OneAnswer(const std::string& path, std::string first_words, const std::string& expected_request,
            std::string answer)
      : listener_(bind_unix_socket(path, SOCK_STREAM)) {
    if (::listen(listener_.get(), 1) != 0) ADD_FAILURE() << "listen";
    thread_ = std::thread([this, first_words = std::move(first_words),
                           expected_bytes = expected_request.size(), answer = std::move(answer)] {
      const OwnedFd client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      ::send(client.get(), first_words.data(), first_words.size(), MSG_NOSIGNAL);
      heard_.resize(expected_bytes);
      const ssize_t heard = ::recv(client.get(), heard_.data(), expected_bytes, MSG_WAITALL);
      heard_.resize(heard > 0 ? static_cast<std::size_t>(heard) : 0);
      ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  /// What the client has sent, once it is gone.
  const std::string& heard() {
    thread_.join();
    return heard_;
  }

 private:
  OwnedFd listener_;
  std::string heard_;
  std::thread thread_;
};

class Flushctl : public testing::Test {
 protected:
  Output flushctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {UFLUSH_BUILT_FLUSHCTL, "--socket", socket()});
    return run(arguments);
  }
  [[nodiscard]] std::string socket() const { return top_.path("flush"); }

  /// Asks while a server expects `request`, checks that it came, and returns what flushctl made of `answer`.
  Output ask(const std::vector<std::string>& arguments, const std::string& request,
             const std::string& answer) {
    ::unlink(socket().c_str());
    OneAnswer server(socket(), std::string(announcement_bytes), request, answer);
    Output output = flushctl(arguments);
    EXPECT_EQ(server.heard(), request) << arguments[0];
    return output;
  }

  TempDir top_;
};

TEST_F(Flushctl, SendsTheRequestsOfTheStockClients) {
  const std::string ok = reply_bytes(status_ok);
  EXPECT_EQ(ask({"add", "example.com", "ABC"}, add_request("example.com", "ABC"), ok).exit.status, EX_OK);
  EXPECT_EQ(ask({"send-site", "example.com"}, send_site_request("example.com"), ok).exit.status, EX_OK);
  EXPECT_EQ(ask({"send-file", "ABC"}, send_file_request("ABC"), ok).exit.status, EX_OK);
  EXPECT_EQ(ask({"refresh"}, refresh_request(), ok).exit.status, EX_OK);
  EXPECT_EQ(ask({"purge"}, purge_request(), ok).exit.status, EX_OK);
}

TEST_F(Flushctl, SaysInWordsWhatBecameOfIt) {
  EXPECT_EQ(ask({"add", "example.com", "ABC"}, add_request("example.com", "ABC"), reply_bytes(status_ok)).out,
            "ABC is in the logfile of example.com\n");
  const Output denied =
      ask({"send-site", "b.example"}, send_site_request("b.example"), reply_bytes(status_deny));
  EXPECT_EQ(denied.exit.status, EX_DATAERR);
  EXPECT_THAT(denied.err, StartsWith("flushctl: refused: \"b.example\" is not eligible"));
  const Output bad = ask({"send-file", "a-b"}, send_file_request("a-b"), reply_bytes(status_bad));
  EXPECT_EQ(bad.exit.status, EX_DATAERR);
  EXPECT_EQ(bad.err, "flushctl: refused: \"a-b\" is not a queue ID\n");
  const Output failed =
      ask({"send-site", "example.com"}, send_site_request("example.com"), reply_bytes(status_fail));
  EXPECT_EQ(failed.exit.status, EX_TEMPFAIL);
  const Output odd = ask({"refresh"}, refresh_request(), reply_bytes(9));
  EXPECT_EQ(odd.exit.status, EX_PROTOCOL);
  EXPECT_THAT(odd.err, HasSubstr("unknown status 9"));
}

TEST_F(Flushctl, IsSilentWhenAskedToBeAndAllIsWell) {
  const Output output = ask({"-q", "refresh"}, refresh_request(), reply_bytes(status_ok));
  EXPECT_EQ(output.exit.status, EX_OK);
  EXPECT_EQ(output.out + output.err, "");
}

TEST_F(Flushctl, PingsWithARequestThatChangesNothing) {
  const Output output = ask({"ping"}, send_file_request(""), reply_bytes(status_bad));
  EXPECT_EQ(output.exit.status, EX_OK);
  EXPECT_EQ(output.out, "the flush service answers\n");
}

TEST_F(Flushctl, SaysThatThereIsNoServer) {
  const Output missing = flushctl({"ping"});
  EXPECT_EQ(missing.exit.status, EX_UNAVAILABLE);
  EXPECT_EQ(missing.err, "flushctl: no flush service: " + socket() + ": No such file or directory\n");
  const OwnedFd nobody_listens = bind_unix_socket(socket(), SOCK_STREAM);
  EXPECT_EQ(flushctl({"ping"}).exit.status, EX_UNAVAILABLE);
}

TEST_F(Flushctl, AsksNothingOfAServerThatAnnouncesSomethingElse) {
  OneAnswer server(socket(), bytes("protocol\0delivery_status_protocol\0\0"), "x", "");
  const Output output = flushctl({"purge"});
  EXPECT_EQ(output.exit.status, EX_PROTOCOL);
  EXPECT_EQ(server.heard(), "");
}

TEST_F(Flushctl, NoticesThatTheServerClosesInsteadOfAnswering) {
  const Output output = ask({"send-site", "example.com"}, send_site_request("example.com"), "");
  EXPECT_EQ(output.exit.status, EX_TEMPFAIL);
  EXPECT_THAT(output.err, HasSubstr("closed the connection without an answer"));
}

TEST_F(Flushctl, GivesUpOnASilentServerWhenItsTimeIsOver) {
  const OwnedFd silent = bind_unix_socket(socket(), SOCK_STREAM);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  const Output output = flushctl({"-t", "1", "ping"});
  EXPECT_EQ(output.exit.status, EX_TEMPFAIL);
  EXPECT_THAT(output.err, HasSubstr("no answer in time"));
}

TEST_F(Flushctl, FindsTheSocketThroughMainCf) {
  write_file(top_.path("main.cf"), "queue_directory = " + top_.path("queue") + "\nflush_service_name = fl\n");
  const Output output = run({UFLUSH_BUILT_FLUSHCTL, "-c", top_.path(), "ping"});
  EXPECT_EQ(output.exit.status, EX_UNAVAILABLE);
  EXPECT_THAT(output.err, HasSubstr(top_.path("queue") + "/public/fl:"));
  EXPECT_EQ(run({UFLUSH_BUILT_FLUSHCTL, "-c", top_.path("nowhere"), "ping"}).exit.status, EX_CONFIG);
}

TEST_F(Flushctl, ExplainsItsUse) {
  EXPECT_EQ(flushctl({}).exit.status, EX_USAGE);
  const Output help = run({UFLUSH_BUILT_FLUSHCTL, "--help"});
  EXPECT_EQ(help.exit.status, EX_OK);
  EXPECT_THAT(help.out, StartsWith("usage: flushctl"));
}

}  // namespace
}  // namespace uflush::support
