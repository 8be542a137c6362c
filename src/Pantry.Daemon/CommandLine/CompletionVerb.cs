using System.CommandLine;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry completion</c>: scripts that have a shell ask this program what could come next.</summary>
internal static class CompletionVerb
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            # bash: source <(pantry completion bash)
            _pantry() {
                local IFS=$'\n'
                COMPREPLY=($(compgen -W "$(pantry "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _pantry pantry
            """,
        ["zsh"] = """
            #compdef pantry
            # zsh: source <(pantry completion zsh)
            _pantry() {
                local -a found
                found=("${(@f)$(pantry "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
                compadd -- $found
            }
            # As a file of completions this is the first call itself.
            if [ "$funcstack[1]" = _pantry ]; then _pantry "$@"; else compdef _pantry pantry; fi
            """,
        ["fish"] = """
            # fish: pantry completion fish | source
            complete -f -c pantry -a '(pantry "[suggest:"(commandline -C)"]" (commandline -cp) 2>/dev/null)'
            """,
        ["pwsh"] = """
            # PowerShell: pantry completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName pantry -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                pantry "[suggest:$cursorPosition]" "$commandAst" 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }
            """,
    };

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh." };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new Command("completion", "Writes a script that completes this program's commands and options in a shell.") { shell };
        command.Does((parsed, _) =>
        {
            terminal.WriteRaw(Scripts[parsed.GetValue(shell)!]);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
