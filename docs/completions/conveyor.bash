# bash completion for conveyor and workerctl. Generated: conveyor completions bash
# shellcheck shell=bash disable=SC2207

_conveyor_has_ledger() {
  [[ -f "${WORKERCTL_STATE_ROOT:-.codex-workers}/workerctl.db" ]]
}

_conveyor_tasks() {
  _conveyor_has_ledger && conveyor tasks --active 2>/dev/null | cut -f1
}

_conveyor_sessions() {
  _conveyor_has_ledger && conveyor sessions 2>/dev/null | sed -n 's/^    "name": "\([^"\\]*\)",\{0,1\}$/\1/p'
}

# Lines of standard input that begin like the current word, quoted where that is needed.
_conveyor_offer() {
  local line
  while IFS= read -r line; do
    [[ $line == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$line")")
  done
}

_conveyor_value() {
  case $1 in
    tasks) _conveyor_offer < <(_conveyor_tasks) ;;
    sessions) _conveyor_offer < <(_conveyor_sessions) ;;
    files) compopt -o default 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
    folders) compopt -o dirnames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")) ;;
    words) shift; COMPREPLY=($(compgen -W "$*" -- "$cur")) ;;
  esac
}

_conveyor() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}
  local flags='' valued=' ' place='' word i count=0
  local -a places
  places=()
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'approve audit bind capture classify commands compact-worker completions confirm continuation continuation-reviewer create create-disposable-binding criteria criteria-plan cycle dashboard db-doctor deny deregister discover dispatch divergences doctor doctor-self enqueue-continue-iteration enqueue-notify-manager enqueue-nudge-worker epilogue events export-task finish-task handoff help idle-check import-compat ingest install-hooks install-skills interrupt list loop-evidence loop-status loop-templates loop-triggers manager-ack manager-config manager-inbox manager-permission mark-read mutation-audit nudge open open-manager open-worker pair prune qa-plan qa-run ralph-loop-presets reconcile record-decision register-manager register-worker replay request-worker-compact resume runs search session-inbox session-interrupt session-nudge sessions start start-manager start-test start-worker status stop stop-task tail tasks telemetry transcript-capture transcript-prune transcript-show unbind update-status worker-ack worker-inbox --help' -- "$cur"))
    return
  fi
  # "--flag=value" comes as three words.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]] && ((COMP_CWORD > 2)); then
    prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $verb in
    approve)
      flags='--expect --dry-run --option --path --help'
      valued=' --expect --option --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    audit)
      flags='--limit --before --include-content --raw --json --path --help'
      valued=' --limit --before --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    bind)
      flags='--task --worker --manager --path --help'
      valued=' --task --worker --manager --path '
      case $prev in
        --task) place=tasks ;;
        --worker) place=sessions ;;
        --manager) place=sessions ;;
        --path) place=files ;;
      esac
      ;;
    capture)
      flags='--lines --include-content --raw --path --help'
      valued=' --lines --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    classify)
      flags='--text --file --status-age-seconds --busy-wait-seconds --path --help'
      valued=' --text --file --status-age-seconds --busy-wait-seconds --path '
      case $prev in
        --file) place=files ;;
        --path) place=files ;;
      esac
      ;;
    commands)
      flags='--task --state --type --worker --manager --limit --attempts --raw --json --path --help'
      valued=' --task --state --type --worker --manager --limit --path '
      case $prev in
        --task) place=tasks ;;
        --state) place='words pending attempted succeeded failed blocked' ;;
        --path) place=files ;;
      esac
      ;;
    compact-worker)
      flags='--clear --prompt-only --message --dry-run --reason --cycle-id --path --help'
      valued=' --message --reason --cycle-id --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    completions)
      flags=''
      places=('words bash fish zsh')
      ;;
    confirm)
      flags='--path --help'
      valued=' --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    continuation)
      flags='--submit --review --list --from-stdin --correlation-id --as-role --include-payload --path --help'
      valued=' --submit --correlation-id --as-role --path '
      places=(tasks)
      case $prev in
        --submit) place='words worker manager' ;;
        --as-role) place='words all worker manager reviewer' ;;
        --path) place=files ;;
      esac
      ;;
    continuation-reviewer)
      flags='--correlation-id --reviewer-session-id --manager-session-id --timeout --allow-network --allow-env --dry-run --json --reviewer-command --path --help'
      valued=' --correlation-id --reviewer-session-id --manager-session-id --timeout --allow-env --reviewer-command --path '
      places=(tasks)
      case $prev in
        --reviewer-command) place=files ;;
        --path) place=files ;;
      esac
      ;;
    create)
      flags='--task --cwd --reuse --accept-trust --wait-ready-timeout --verify-timeout --open --force-open --terminal --stop-after --no-initial-prompt --wait-ready --verify --path --help'
      valued=' --task --cwd --wait-ready-timeout --verify-timeout --terminal --path '
      places=(nothing)
      case $prev in
        --cwd) place=folders ;;
        --terminal) place='words auto vscode ghostty iterm2 terminal' ;;
        --path) place=files ;;
      esac
      ;;
    create-disposable-binding)
      flags='--goal --summary --worker --manager --session-dir --cwd --template --run-name --max-iterations --current-iteration --seed-prompt-sha256 --required-before-continue --adversarial --cleanup-policy --json --path --help'
      valued=' --goal --summary --worker --manager --session-dir --cwd --template --run-name --max-iterations --current-iteration --seed-prompt-sha256 --required-before-continue --cleanup-policy --path '
      places=(tasks)
      case $prev in
        --session-dir) place=folders ;;
        --cwd) place=folders ;;
        --path) place=files ;;
      esac
      ;;
    criteria)
      flags='--list --add --accept --satisfy --defer --reject --status --criterion --source --proof --rationale --evidence-json --path --help'
      valued=' --accept --satisfy --defer --reject --status --criterion --source --proof --rationale --evidence-json --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    criteria-plan)
      flags='--from-worker-response --from-text --from-stdin --json --path --help'
      valued=' --from-worker-response --from-text --path '
      places=(tasks)
      case $prev in
        --from-worker-response) place=files ;;
        --path) place=files ;;
      esac
      ;;
    cycle)
      flags='--busy-wait-seconds --path --help'
      valued=' --busy-wait-seconds --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    dashboard)
      flags='--task --host --port --workerctl-path --db-path --ensure-dispatch --dispatcher-id --dry-run --json --path --help'
      valued=' --task --host --port --workerctl-path --db-path --dispatcher-id --path '
      case $prev in
        --task) place=tasks ;;
        --workerctl-path) place=files ;;
        --db-path) place=files ;;
        --path) place=files ;;
      esac
      ;;
    db-doctor)
      flags='--live --manager-stale-seconds --repair --path --help'
      valued=' --manager-stale-seconds --path '
      case $prev in
        --path) place=files ;;
      esac
      ;;
    deny)
      flags='--expect --dry-run --path --help'
      valued=' --expect --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    deregister)
      flags='--path --help'
      valued=' --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    discover)
      flags='--all --limit --path --help'
      valued=' --limit --path '
      places=(nothing)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    dispatch)
      flags='--once --watch --limit --interval --watch-iterations --lease-seconds --dispatcher-id --type --dry-run --json --path --help'
      valued=' --limit --interval --watch-iterations --lease-seconds --dispatcher-id --type --path '
      case $prev in
        --type) place='words notify_manager nudge_worker continue_iteration worker_task_complete' ;;
        --path) place=files ;;
      esac
      ;;
    divergences)
      flags='--limit --raw --path --help'
      valued=' --limit --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    doctor)
      flags='--cwd --path --help'
      valued=' --cwd --path '
      case $prev in
        --cwd) place=folders ;;
        --path) place=files ;;
      esac
      ;;
    doctor-self)
      flags='--session --json --path --help'
      valued=' --session --path '
      case $prev in
        --path) place=files ;;
      esac
      ;;
    enqueue-continue-iteration)
      flags='--message --correlation-id --required-permission --idempotency-key --loop-run --requested-iteration --manager-decision-id --json --path --help'
      valued=' --message --correlation-id --required-permission --idempotency-key --loop-run --requested-iteration --manager-decision-id --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    enqueue-notify-manager)
      flags='--message --correlation-id --required-permission --idempotency-key --json --path --help'
      valued=' --message --correlation-id --required-permission --idempotency-key --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    enqueue-nudge-worker)
      flags='--message --correlation-id --required-permission --idempotency-key --json --path --help'
      valued=' --message --correlation-id --required-permission --idempotency-key --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    epilogue)
      flags='--step --list --status --json --correlation-id --path --help'
      valued=' --step --correlation-id --path '
      places=(tasks)
      case $prev in
        --step) place='words run-tools draft-pr subagent-review record-handoff' ;;
        --path) place=files ;;
      esac
      ;;
    events)
      flags='--limit --type --raw --path --help'
      valued=' --limit --type --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    export-task)
      flags='--output --zip --include-transcripts --include-full-transcripts --include-content --raw --path --help'
      valued=' --output --path '
      places=(tasks)
      case $prev in
        --output) place=folders ;;
        --path) place=files ;;
      esac
      ;;
    finish-task)
      flags='--stop-worker --message --decision-id --strict-decisions --reason --stop-manager --capture-transcript-before-stop --capture-transcript-mode --capture-transcript-lines --require-transcript-segment --require-criteria-audit --require-acks --require-epilogue --require-adversarial-proof --path --help'
      valued=' --message --decision-id --reason --capture-transcript-mode --capture-transcript-lines --path '
      places=(tasks)
      case $prev in
        --capture-transcript-mode) place='words metadata excerpt snapshot segment full' ;;
        --path) place=files ;;
      esac
      ;;
    handoff)
      flags='--summary --next-step --payload-json --path --help'
      valued=' --summary --next-step --payload-json --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    help)
      flags=''
      places=('words approve audit bind capture classify commands compact-worker confirm continuation continuation-reviewer create create-disposable-binding criteria criteria-plan cycle dashboard db-doctor deny deregister discover dispatch divergences doctor doctor-self enqueue-continue-iteration enqueue-notify-manager enqueue-nudge-worker epilogue events export-task finish-task handoff idle-check import-compat ingest install-hooks install-skills interrupt list loop-evidence loop-status loop-templates loop-triggers manager-ack manager-config manager-inbox manager-permission mark-read mutation-audit nudge open open-manager open-worker pair prune qa-plan qa-run ralph-loop-presets reconcile record-decision register-manager register-worker replay request-worker-compact resume runs session-inbox session-interrupt session-nudge sessions start start-manager start-test start-worker status stop stop-task tail tasks telemetry transcript-capture transcript-prune transcript-show unbind update-status worker-ack worker-inbox agents work contract observation messages loops record upkeep workers ledger exit environment')
      ;;
    idle-check)
      flags='--no-refresh --lines --status-stale-seconds --terminal-stale-seconds --busy-wait-seconds --path --help'
      valued=' --lines --status-stale-seconds --terminal-stale-seconds --busy-wait-seconds --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    import-compat)
      flags='--apply --worker --root --path --help'
      valued=' --worker --root --path '
      case $prev in
        --worker) place=sessions ;;
        --root) place=folders ;;
        --path) place=files ;;
      esac
      ;;
    ingest)
      flags='--path --help'
      valued=' --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    install-hooks)
      flags='--dry-run --remove --expect --path --help'
      valued=' --expect --path '
      case $prev in
        --path) place=files ;;
      esac
      ;;
    install-skills)
      flags='--codex-home --dry-run --json --path --help'
      valued=' --codex-home --path '
      case $prev in
        --codex-home) place=folders ;;
        --path) place=files ;;
      esac
      ;;
    interrupt)
      flags='--key --followup --no-followup --dry-run --path --help'
      valued=' --key --followup --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    list)
      flags='--json --path --help'
      valued=' --path '
      case $prev in
        --path) place=files ;;
      esac
      ;;
    loop-evidence)
      flags='--loop-run --iteration --source --correlation-id --evidence-type --status --proof --artifact-path --metadata-json --failure-mode --check --result --reference --candidate --threshold --diff-output --report-output --fail-above-threshold --json --path --help'
      valued=' --loop-run --iteration --source --correlation-id --evidence-type --status --proof --artifact-path --metadata-json --failure-mode --check --result --reference --candidate --threshold --diff-output --report-output --path '
      places=('words add visual-diff adversarial-check' tasks)
      case $prev in
        --source) place='words user_requested manager_inferred worker_proposed final_audit' ;;
        --artifact-path) place=files ;;
        --reference) place=files ;;
        --candidate) place=files ;;
        --diff-output) place=files ;;
        --path) place=files ;;
      esac
      ;;
    loop-status)
      flags='--run --json --path --help'
      valued=' --run --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    loop-templates)
      flags='--list --show --create-run --template --name --max-iterations --current-iteration --seed-prompt-sha256 --path --json --help'
      valued=' --show --create-run --template --name --max-iterations --current-iteration --seed-prompt-sha256 --path '
      case $prev in
        --create-run) place=tasks ;;
        --path) place=files ;;
      esac
      ;;
    loop-triggers)
      flags='--list --classify --json --path --help'
      valued=' --classify --path '
      case $prev in
        --path) place=files ;;
      esac
      ;;
    manager-ack)
      flags='--from-stdin --json --correlation-id --path --help'
      valued=' --correlation-id --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    manager-config)
      flags='--mode --questions --interactive --objective --guideline --acceptance --reference --tool --permit --revoke --permissions-json --epilogue --nudge-on-completion --require-acks --no-require-acks --allow-pr --allow-merge-green --allow-worker-compact-clear --clear --remove --path --help'
      valued=' --mode --objective --guideline --acceptance --reference --tool --permit --revoke --permissions-json --epilogue --nudge-on-completion --clear --remove --path '
      places=(tasks)
      case $prev in
        --mode) place='words light guided strict' ;;
        --reference) place=files ;;
        --permit) place='words communication.comment_on_pr communication.notify_operator context.fetch_issues context.fetch_prs context.spawn_reviewer repo.merge_green_pr repo.open_pr repo.push_branch verification.run_cargo verification.run_playwright verification.run_pytest verification.run_xcodebuild worker_session.approve worker_session.clear worker_session.compact worker_session.interrupt worker_session.stop' ;;
        --revoke) place='words communication.comment_on_pr communication.notify_operator context.fetch_issues context.fetch_prs context.spawn_reviewer repo.merge_green_pr repo.open_pr repo.push_branch verification.run_cargo verification.run_playwright verification.run_pytest verification.run_xcodebuild worker_session.approve worker_session.clear worker_session.compact worker_session.interrupt worker_session.stop' ;;
        --epilogue) place='words run-tools draft-pr subagent-review record-handoff' ;;
        --nudge-on-completion) place='words off ask-operator auto-review auto-proceed' ;;
        --clear) place='words guidelines acceptance_criteria reference_paths tools epilogues permissions' ;;
        --path) place=files ;;
      esac
      ;;
    manager-inbox)
      flags='--consume-next --wait --timeout --interval --limit --json --path --help'
      valued=' --timeout --interval --limit --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    manager-permission)
      flags='--list --require --require-handoff --path --help'
      valued=' --path '
      places=(tasks 'words communication.comment_on_pr communication.notify_operator context.fetch_issues context.fetch_prs context.spawn_reviewer repo.merge_green_pr repo.open_pr repo.push_branch verification.run_cargo verification.run_playwright verification.run_pytest verification.run_xcodebuild worker_session.approve worker_session.clear worker_session.compact worker_session.interrupt worker_session.stop communication context repo verification worker_session')
      case $prev in
        --path) place=files ;;
      esac
      ;;
    mark-read)
      flags='--path --help'
      valued=' --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    mutation-audit)
      flags='--include-content --raw --json --path --help'
      valued=' --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    nudge)
      flags='--path --help'
      valued=' --path '
      places=(sessions nothing)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    open)
      flags='--terminal --dry-run --force --path --help'
      valued=' --terminal --path '
      places=(sessions)
      case $prev in
        --terminal) place='words auto vscode ghostty iterm2 terminal' ;;
        --path) place=files ;;
      esac
      ;;
    open-manager)
      flags='--terminal --dry-run --path --help'
      valued=' --terminal --path '
      places=(tasks)
      case $prev in
        --terminal) place='words auto vscode ghostty iterm2 terminal' ;;
        --path) place=files ;;
      esac
      ;;
    open-worker)
      flags='--terminal --dry-run --path --help'
      valued=' --terminal --path '
      places=(tasks)
      case $prev in
        --terminal) place='words auto vscode ghostty iterm2 terminal' ;;
        --path) place=files ;;
      esac
      ;;
    pair)
      flags='--task --worker-name --manager-name --task-prompt --task-goal --task-summary --manager-mode --manager-objective --manager-guideline --manager-acceptance --manager-reference --manager-permit --manager-tool --manager-epilogue --manager-nudge-on-completion --manager-require-acks --manager-allow-pr --manager-allow-merge-green --manager-allow-worker-compact-clear --manager-permissions-json --cwd --sandbox --ask-for-approval --codex-profile --accept-trust --timeout-seconds --no-dispatch --dispatcher-id --dry-run --json --path --help'
      valued=' --task --worker-name --manager-name --task-prompt --task-goal --task-summary --manager-mode --manager-objective --manager-guideline --manager-acceptance --manager-reference --manager-permit --manager-tool --manager-epilogue --manager-nudge-on-completion --manager-permissions-json --cwd --sandbox --ask-for-approval --codex-profile --timeout-seconds --dispatcher-id --path '
      case $prev in
        --task) place=tasks ;;
        --manager-mode) place='words light guided strict' ;;
        --manager-reference) place=files ;;
        --manager-permit) place='words communication.comment_on_pr communication.notify_operator context.fetch_issues context.fetch_prs context.spawn_reviewer repo.merge_green_pr repo.open_pr repo.push_branch verification.run_cargo verification.run_playwright verification.run_pytest verification.run_xcodebuild worker_session.approve worker_session.clear worker_session.compact worker_session.interrupt worker_session.stop' ;;
        --manager-epilogue) place='words run-tools draft-pr subagent-review record-handoff' ;;
        --manager-nudge-on-completion) place='words off ask-operator auto-review auto-proceed' ;;
        --cwd) place=folders ;;
        --codex-profile) place='words yolo' ;;
        --path) place=files ;;
      esac
      ;;
    prune)
      flags='--keep-latest --dry-run --rewrite --path --help'
      valued=' --keep-latest --path '
      case $prev in
        --path) place=files ;;
      esac
      ;;
    qa-plan)
      flags='--task --worker --manager --receipt --step --result --note --json --path --help'
      valued=' --task --worker --manager --receipt --step --result --note --path '
      places=('words self-management emergent-criteria tmux-errors dispatch-completion ralph-loop adversarial-triggers goalbuddy-conveyor')
      case $prev in
        --worker) place=sessions ;;
        --manager) place=sessions ;;
        --receipt) place=files ;;
        --result) place='words passed failed skipped' ;;
        --path) place=files ;;
      esac
      ;;
    qa-run)
      flags='--receipt-output --dispatcher-id --path --discard-ledger --json --help'
      valued=' --receipt-output --dispatcher-id --path '
      places=('words ralph-loop-guardrails generic-loop-template generic-loop-template-browser test-coverage-loop adversarial-triggers build-clear-loop')
      case $prev in
        --receipt-output) place=files ;;
        --path) place=files ;;
      esac
      ;;
    ralph-loop-presets)
      flags='--list --show --create-run --preset --name --max-iterations --current-iteration --seed-prompt-sha256 --path --json --help'
      valued=' --show --create-run --preset --name --max-iterations --current-iteration --seed-prompt-sha256 --path '
      case $prev in
        --create-run) place=tasks ;;
        --path) place=files ;;
      esac
      ;;
    reconcile)
      flags='--task --apply --stale-cycles-seconds --path --help'
      valued=' --task --stale-cycles-seconds --path '
      case $prev in
        --task) place=tasks ;;
        --path) place=files ;;
      esac
      ;;
    record-decision)
      flags='--reason --cycle-id --payload-json --path --help'
      valued=' --reason --cycle-id --payload-json --path '
      places=(tasks 'words wait nudge interrupt escalate stop inspect')
      case $prev in
        --path) place=files ;;
      esac
      ;;
    register-manager)
      flags='--name --pid --codex-session --cwd --tmux-session --ask-status --path --help'
      valued=' --name --pid --codex-session --cwd --tmux-session --path '
      case $prev in
        --codex-session) place=files ;;
        --cwd) place=folders ;;
        --path) place=files ;;
      esac
      ;;
    register-worker)
      flags='--name --pid --codex-session --cwd --tmux-session --ask-status --path --help'
      valued=' --name --pid --codex-session --cwd --tmux-session --path '
      case $prev in
        --codex-session) place=files ;;
        --cwd) place=folders ;;
        --path) place=files ;;
      esac
      ;;
    replay)
      flags='--format --role --limit --before --include-content --raw --json --path --help'
      valued=' --format --role --limit --before --path '
      places=(tasks)
      case $prev in
        --format) place='words compact timeline transcript full-transcript' ;;
        --role) place='words all worker manager reviewer workerctl' ;;
        --path) place=files ;;
      esac
      ;;
    request-worker-compact)
      flags='--clear --prompt-only --message --dry-run --decision-id --strict-decisions --path --help'
      valued=' --message --decision-id --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    resume)
      flags='--all --sandbox --ask-for-approval --accept-trust --timeout-seconds --path --help'
      valued=' --sandbox --ask-for-approval --timeout-seconds --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    runs)
      flags='--create --list --show --finish --name --purpose --metadata-json --status --task --path --help'
      valued=' --create --show --finish --name --purpose --metadata-json --status --task --path '
      case $prev in
        --create) place=tasks ;;
        --status) place='words active finished failed abandoned' ;;
        --task) place=tasks ;;
        --path) place=files ;;
      esac
      ;;
    search)
      flags='--all --limit --path --help'
      valued=' --limit --path '
      places=(nothing)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    session-inbox)
      flags='--consume-next --wait --timeout --interval --limit --json --path --help'
      valued=' --timeout --interval --limit --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    session-interrupt)
      flags='--key --followup --dry-run --path --help'
      valued=' --key --followup --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    session-nudge)
      flags='--anyway --dry-run --path --help'
      valued=' --path '
      places=(sessions nothing)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    sessions)
      flags='--role --state --include-legacy --name --redact-identity-token --path --help'
      valued=' --role --state --name --path '
      case $prev in
        --role) place='words worker manager' ;;
        --state) place='words active gone all' ;;
        --path) place=files ;;
      esac
      ;;
    start)
      flags='--cwd --no-start-prompt --path --help'
      valued=' --cwd --path '
      places=(nothing)
      case $prev in
        --cwd) place=folders ;;
        --path) place=files ;;
      esac
      ;;
    start-manager)
      flags='--name --task --task-goal --worker --cwd --sandbox --ask-for-approval --codex-profile --accept-trust --timeout-seconds --codex-arg --path --help'
      valued=' --name --task --task-goal --worker --cwd --sandbox --ask-for-approval --codex-profile --timeout-seconds --codex-arg --path '
      case $prev in
        --task) place=tasks ;;
        --worker) place=sessions ;;
        --cwd) place=folders ;;
        --codex-profile) place='words yolo' ;;
        --path) place=files ;;
      esac
      ;;
    start-test)
      flags='--cwd --reuse --accept-trust --wait-ready-timeout --verify-timeout --open --force-open --terminal --stop-after --path --help'
      valued=' --cwd --wait-ready-timeout --verify-timeout --terminal --path '
      places=(sessions)
      case $prev in
        --cwd) place=folders ;;
        --terminal) place='words auto vscode ghostty iterm2 terminal' ;;
        --path) place=files ;;
      esac
      ;;
    start-worker)
      flags='--name --task --cwd --sandbox --ask-for-approval --codex-profile --accept-trust --timeout-seconds --codex-arg --path --help'
      valued=' --name --task --cwd --sandbox --ask-for-approval --codex-profile --timeout-seconds --codex-arg --path '
      case $prev in
        --cwd) place=folders ;;
        --codex-profile) place='words yolo' ;;
        --path) place=files ;;
      esac
      ;;
    status)
      flags='--no-refresh --lines --path --help'
      valued=' --lines --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    stop)
      flags='--message --json --path --help'
      valued=' --message --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    stop-task)
      flags='--stop-worker --message --decision-id --strict-decisions --reason --path --help'
      valued=' --message --decision-id --reason --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    tail)
      flags='--limit --subtype --include-content --raw --path --help'
      valued=' --limit --subtype --path '
      places=(sessions)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    tasks)
      flags='--create --goal --summary --active --json --path --help'
      valued=' --create --goal --summary --path '
      case $prev in
        --path) place=files ;;
      esac
      ;;
    telemetry)
      flags='--task --run --actor --event-type --severity --search --window --newest --summary --limit --active-only --stale-cycle-seconds --worker-staleness-seconds --max-unfinished-commands --max-open-criteria --max-storage-bytes --include-content --raw --json --path --help'
      valued=' --task --run --actor --event-type --severity --search --window --limit --stale-cycle-seconds --worker-staleness-seconds --max-unfinished-commands --max-open-criteria --max-storage-bytes --path '
      places=('words metrics snapshot check task failures' tasks)
      case $prev in
        --task) place=tasks ;;
        --actor) place='words dispatch manager operator system worker workerctl' ;;
        --severity) place='words debug info warning error' ;;
        --path) place=files ;;
      esac
      ;;
    transcript-capture)
      flags='--role --mode --lines --require-segment --json --include-content --raw --path --help'
      valued=' --role --mode --lines --path '
      places=(tasks)
      case $prev in
        --role) place='words all worker manager' ;;
        --mode) place='words metadata excerpt snapshot segment full' ;;
        --path) place=files ;;
      esac
      ;;
    transcript-prune)
      flags='--keep-latest --dry-run --rewrite --path --help'
      valued=' --keep-latest --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    transcript-show)
      flags='--role --limit --json --include-content --raw --path --help'
      valued=' --role --limit --path '
      places=(tasks)
      case $prev in
        --role) place='words all worker manager' ;;
        --path) place=files ;;
      esac
      ;;
    unbind)
      flags='--task --path --help'
      valued=' --task --path '
      case $prev in
        --task) place=tasks ;;
        --path) place=files ;;
      esac
      ;;
    update-status)
      flags='--state --current-task --next-action --blocker --path --help'
      valued=' --state --current-task --next-action --blocker --path '
      places=(sessions)
      case $prev in
        --state) place='words planning editing running_tests blocked waiting done unknown' ;;
        --path) place=files ;;
      esac
      ;;
    worker-ack)
      flags='--from-stdin --json --correlation-id --path --help'
      valued=' --correlation-id --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    worker-inbox)
      flags='--consume-next --wait --timeout --interval --limit --json --path --help'
      valued=' --timeout --interval --limit --path '
      places=(tasks)
      case $prev in
        --path) place=files ;;
      esac
      ;;
    *) return ;;
  esac
  if [[ $valued == *" $prev "* ]]; then
    # shellcheck disable=SC2086
    _conveyor_value $place
    return
  fi
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
    return
  fi
  for ((i = 2; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -* ]]; then
      [[ $valued == *" $word "* ]] && ((i++))
    elif [[ $word != '=' ]]; then
      ((count++))
    fi
  done
  # shellcheck disable=SC2086
  _conveyor_value ${places[count]-}
}

complete -F _conveyor conveyor workerctl
