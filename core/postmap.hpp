/// Asks Postfix's own postmap(1) what a table says: it has the plug-ins, and knows every type that is
/// installed.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "core/config.hpp"
#include "core/table/inquiry.hpp"
#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// How to run it.
struct PostmapSettings {
  std::string program;           ///< $command_directory/postmap
  std::string config_directory;  ///< of the daemon
  std::string directory;         ///< to run in: tables may have relative names
  bool utf8 = false;             ///< smtputf8_enable
  std::chrono::seconds time_limit{10};
};

[[nodiscard]] PostmapSettings postmap_settings(const Config& config);

/// A look-up that is under way: a child, and what it writes. It ends by itself, or when it is told to.
class PostmapRun {
 public:
  /// Starts `postmap -f -q -`, without a shell, with `key` on its standard input. `key` is a line: no newline
  /// in it.
  [[nodiscard]] static Result<PostmapRun> start(const PostmapSettings& settings, const std::string& table,
                                                const std::string& key);
  PostmapRun(PostmapRun&& other) noexcept = default;
  PostmapRun& operator=(PostmapRun&& other) noexcept = default;
  ~PostmapRun() = default;

  [[nodiscard]] int output_fd() const noexcept { return out_.get(); }
  [[nodiscard]] int error_fd() const noexcept { return err_.get(); }
  /// Takes what the child has written, without waiting. True when it will write no more.
  [[nodiscard]] bool read();
  /// SIGKILL.
  void kill() noexcept;
  /// Waits for the child's end, which follows that of its output or kill(), and says what it has found.
  /// `text` is the value or, when the look-up has failed, the reason.
  struct Answer {
    Lookup lookup = Lookup::failed;
    std::string text;
  };
  [[nodiscard]] Answer finish();

 private:
  PostmapRun(pid_t pid, std::string key, Fd out, Fd err)
      : pid_(pid), key_(std::move(key)), out_(std::move(out)), err_(std::move(err)) {}

  pid_t pid_;
  std::string key_;
  Fd out_;
  Fd err_;
  std::string output_;
  std::string errors_;
};

/// What postmap's exit status and output mean. Status 1 is said of a key that is not there and of a table
/// that cannot be opened alike: the difference is a line with `fatal:`. An empty value counts as none there,
/// with a warning; for a list of sites it is as good as any.
[[nodiscard]] PostmapRun::Answer read_postmap_answer(std::string_view key, int exit_status,
                                                     std::string_view output, std::string_view errors);

/// Runs one look-up to its end, or to the end of its time.
[[nodiscard]] PostmapRun::Answer ask_postmap(const PostmapSettings& settings, const std::string& table,
                                             const std::string& key);

/// A key that no table of sites has: asked to see whether a table can be asked.
inline constexpr std::string_view trial_key = "uflush.invalid";

/// What to do about a table that postmap cannot ask, for the log.
[[nodiscard]] std::string cannot_be_asked(std::string_view table, std::string_view reason);

}  // namespace uflush
