using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security;
using System.Text;

namespace Pantry.Commands;

/// <summary>
/// Starts a child as another user, with that user's groups. The system changes user between fork and exec, so that no
/// program of ours runs as root in between, and no argument passes through another one's command line.
/// </summary>
internal static class RunAsUser
{
    /// <summary>Name of the secret that holds the user's password, which Windows wants. It is no variable's name, so no command sees it.</summary>
    public const string PasswordSecret = "run-as/password";

    // All else of the client's environment is the client's, and may be more than the other user is to know.
    private static readonly string[] Inherited = ["PATH", "LANG", "LANGUAGE", "TZ"];

    /// <summary>Whether a user is the one that the client runs as anyway.</summary>
    public static bool IsOwn(string user)
    {
        if (OperatingSystem.IsWindows())
        {
            return user.Equals(Environment.UserName, StringComparison.OrdinalIgnoreCase)
                || user.Equals($@"{Environment.UserDomainName}\{Environment.UserName}", StringComparison.OrdinalIgnoreCase);
        }

        return user == Environment.UserName || (OperatingSystem.IsLinux() && LinuxUser.Find(user)?.Id == LinuxUser.Own);
    }

    /// <summary>Has a child start as the order's user; why that is not possible, null where it is.</summary>
    public static CommandOutcome? Apply(ProcessStartInfo start, CommandContext context)
    {
        if (context.RunAs is not { } user || IsOwn(user))
            return null;
        if (OperatingSystem.IsWindows())
            return ApplyOnWindows(start, user, context.Secrets.GetValueOrDefault(PasswordSecret));
        return OperatingSystem.IsLinux() ? ApplyOnLinux(start, user)
            : NotPossible("This client's system is neither Linux nor Windows; it runs commands as its own user alone. Leave -RunAs out.");
    }

    public static CommandOutcome NotPossible(string message) => CommandOutcome.Failed("RunAsNotPossible", message);

    [SupportedOSPlatform("linux")]
    private static CommandOutcome? ApplyOnLinux(ProcessStartInfo start, string user)
    {
        if (LinuxUser.Find(user) is not { } account)
            return CommandOutcome.Failed("UnknownUser", $"The client's machine has no user '{DisplayText.Clean(user, 80)}'. Correct -RunAs, or add the user there.");
        if (!Environment.IsPrivilegedProcess)
        {
            return NotPossible(
                $"The client runs as '{Environment.UserName}', who cannot start commands as '{account.Name}'. Run the client as root, or as '{account.Name}', or leave -RunAs out.");
        }

        start.UserName = account.Name;
        foreach (string name in start.Environment.Keys.Where(name => !IsInherited(name)).ToArray())
            start.Environment.Remove(name);
        start.Environment["HOME"] = account.Home;
        start.Environment["USER"] = start.Environment["LOGNAME"] = account.Name;
        start.Environment["SHELL"] = account.Shell;
        if (start.WorkingDirectory.Length == 0)
            start.WorkingDirectory = Directory.Exists(account.Home) ? account.Home : "/";
        return null;
    }

    [SupportedOSPlatform("windows")]
    private static CommandOutcome? ApplyOnWindows(ProcessStartInfo start, string user, byte[]? password)
    {
        if (password is null)
            return NotPossible($"Windows starts a command as '{DisplayText.Clean(user, 80)}' only with that user's password. Use -Credential in place of -RunAs.");

        int separator = user.IndexOf('\\', StringComparison.Ordinal);
        if (separator >= 0)
            start.Domain = user[..separator];
        start.UserName = user[(separator + 1)..];
        var secure = new SecureString();
        foreach (char character in Encoding.UTF8.GetString(password))
            secure.AppendChar(character);
        start.Password = secure;
        if (start.WorkingDirectory.Length == 0)
            start.WorkingDirectory = Environment.SystemDirectory;
        return null;
    }

    private static bool IsInherited(string name) => Inherited.Contains(name, StringComparer.Ordinal) || name.StartsWith("LC_", StringComparison.Ordinal);
}
