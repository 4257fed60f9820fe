/// The daemon's end of the connection to its privileged process (core/privileged_protocol.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/log.hpp"
#include "core/privileged_protocol.hpp"
#include "core/table/inquiry.hpp"
#include "core/table/remembered_answers.hpp"
#include "io/fd.hpp"
#include "io/loop.hpp"
#include "io/stop.hpp"
#include "io/task.hpp"

namespace uflush {

/// Asks about tables, and whether a start would succeed. Questions do not wait for each other here: the
/// privileged process takes a few at a time.
///
/// Every look-up has uflush_table_timeout to be answered. Answers are remembered for uflush_table_cache_time,
/// failures are not: but a table that has failed is left alone for a second, since a program is started for
/// each look-up, and one warning per minute says so.
class PrivilegedClient {
 public:
  /// Borrows `loop`, `config` and `log`; owns the socket. `tables` are those that the privileged process has
  /// been told, in that order.
  PrivilegedClient(Loop& loop, Fd socket, std::vector<std::string> tables, const Config& config, Log& log);
  PrivilegedClient(const PrivilegedClient&) = delete;
  PrivilegedClient& operator=(const PrivilegedClient&) = delete;
  ~PrivilegedClient();

  /// Receives, until `stop` or until the privileged process has gone. Nobody may be asking when it is told to
  /// stop.
  Task<void> run(StopToken stop);
  /// Asks each table for a key that is not there, and warns, once, of each that cannot be asked.
  Task<void> try_tables(StopToken stop);

  /// False when the privileged process has gone.
  [[nodiscard]] bool is_there() const noexcept { return static_cast<bool>(socket_); }

  /// Never fails, but the answer may be that the look-up has. `stop` makes it fail now.
  Task<RemoteAnswer> look_up(RemoteQuestion question, StopToken stop);

  /// Whether a start would succeed with the configuration as it is now.
  struct Rehearsal {
    Rehearsal() = default;
    bool took_place = false;  ///< no: there is nobody to hold it, or `stop` came first
    bool would_start = false;
    std::string text;  ///< why not
  };
  Task<Rehearsal> rehearse(StopToken stop);

  /// `callback` is called when a file has changed, as the privileged process sees it.
  void on_files_changed(std::function<void()> callback) { files_changed_ = std::move(callback); }

 private:
  class Question;
  using QuestionPtr = std::shared_ptr<Question>;

  /// What is known of a table that has failed.
  struct Trouble {
    Instant leave_alone_until{};
    Instant quiet_until{};
  };

  Task<void> put(QuestionPtr question, PrivilegedMessage message, Duration limit, StopToken stop);
  void take(std::string_view packet);
  void finish(std::uint32_t number, PrivilegedMessage reply);
  void lose_process();
  RemoteAnswer answer_from(const RemoteQuestion& question, const PrivilegedMessage& reply);
  RemoteAnswer failed(const std::string& table, const std::string& why);

  Loop& loop_;
  Fd socket_;
  std::vector<std::string> tables_;
  const Config& config_;
  Log& log_;
  std::function<void()> files_changed_;
  std::uint32_t last_number_ = 0;
  std::map<std::uint32_t, QuestionPtr> asked_;  ///< what the privileged process has not answered yet
  std::map<std::string, QuestionPtr> by_name_;  ///< the look-ups among them
  std::map<std::string, Trouble> troubles_;     ///< by table
  RememberedAnswers answers_;
};

}  // namespace uflush
