/// Which sites may use the service: fast_flush_domains, evaluated (BEHAVIOUR.md 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/case_fold.hpp"
#include "core/log.hpp"
#include "core/table/table.hpp"
#include "core/table/text_hash.hpp"
#include "protocol/match_list.hpp"
#include "protocol/read_file_callback.hpp"

namespace uflush {

/// The parameters that decide, expanded.
struct EligibilityConfig {
  std::string fast_flush_domains;
  std::string parent_domain_matches_subdomains;
  bool smtputf8_enable = false;
  bool daemon_table_open_error_is_fatal = false;
};

enum class Eligibility : std::uint8_t {
  denied,
  eligible,
  failed,     ///< a table could not say
  undecided,  ///< a table of another process has to be asked first
};

/// The list with its tables open. Made before chroot and privilege drop, with the queue directory as working
/// directory.
///
/// Literals sit in one hash table, however many there are: a look-up per label of the site. Tables are only
/// asked when no literal in front of them has matched. Used by one thread at a time.
class EligibleSites {
 public:
  /// Null after a `fatal:` record: the daemon must not start. All other trouble is logged and remembered.
  /// `before_open`, when set, hears of each file that is about to be opened by other means than `read_file`.
  [[nodiscard]] static std::unique_ptr<EligibleSites> open(
      const EligibilityConfig& config, const ReadFile& read_file, Log& log,
      const std::function<void(const std::string& path)>& before_open = {});

  /// Allocates nothing for a site in lower-case ASCII when no table has to complain. `inquiry.warnings`
  /// and, with -v, `inquiry.notes` become what is to be logged; writes no log itself, so that it can run in a
  /// worker.
  ///
  /// While it is `undecided`: find the answer to `inquiry.question`, add it to `inquiry.answers`, and
  /// evaluate again. The tables on the way are asked again, those of other processes through the inquiry, so
  /// that nothing needs to be remembered here in between.
  [[nodiscard]] Eligibility evaluate(std::string_view site, Inquiry& inquiry);

  /// evaluate() for the loop thread: logs the outcome. Not when `asks_others`.
  [[nodiscard]] Eligibility test(std::string_view site, Log& log);

  /// True when evaluate() may wait for somebody's lock or take long, and therefore belongs in a worker.
  [[nodiscard]] bool may_block() const noexcept { return may_block_; }
  /// True when evaluate() may be undecided.
  [[nodiscard]] bool asks_others() const noexcept { return asks_others_; }
  /// The tables that postmap(1) has to be asked about, as the lists name them, each once.
  [[nodiscard]] const std::vector<std::string>& direct_tables() const noexcept { return direct_tables_; }

 private:
  friend class EligibilityReader;

  /// The first literal item with this text.
  struct Literal {
    std::size_t index;
    bool negated;
  };
  struct TableItem {
    std::size_t index;
    bool negated;
    std::shared_ptr<Table> table;
  };

  /// An item of parent_domain_matches_subdomains that can match: the literal fast_flush_domains, or a table.
  struct ParentItem {
    bool negated;
    std::shared_ptr<Table> table;  ///< null: the literal
  };

  explicit EligibleSites(const EligibilityConfig& config);

  [[nodiscard]] Eligibility decide(std::string_view folded_site, Inquiry& inquiry) const;
  [[nodiscard]] Lookup find_out_whether_parents_match(Inquiry& inquiry);
  void see_who_is_asked();
  void note_decision(std::string_view folded_site, std::size_t items_looked_at, bool matched,
                     Inquiry& inquiry) const;
  [[nodiscard]] std::optional<Literal> first_literal(std::string_view site) const;
  [[nodiscard]] Lookup look_up(Table& table, std::string_view site, Inquiry& inquiry) const;
  [[nodiscard]] Lookup look_up_key(Table& table, std::string_view key, Inquiry& inquiry) const;

  Folding folding_;
  bool may_block_ = false;
  bool asks_others_ = false;
  std::vector<std::string> direct_tables_;
  bool parents_match_ = false;  ///< once `parent_items_` is empty
  /// What still has to be asked: with a table of another process among them it can only be asked once the
  /// daemon runs.
  std::vector<ParentItem> parent_items_;
  std::unordered_map<std::string, Literal, TextHash, std::equal_to<>> literals_;
  std::vector<TableItem> tables_;        ///< in list order
  std::vector<std::string> item_texts_;  ///< the whole list, for the verbose log; empty without -v
  std::string scratch_;
  Inquiry inquiry_;
};

}  // namespace uflush
