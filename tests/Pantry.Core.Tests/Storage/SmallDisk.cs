using System.Diagnostics;

namespace Pantry.Tests.Storage;

/// <summary>A disk in memory that is soon full. Where none can be made, the test is skipped.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _path;

    private SmallDisk(string path) => _path = path;

    private string Filler => Path.Combine(_path, "filler");

    public static SmallDisk MountAt(string path, string size)
    {
        Directory.CreateDirectory(path);
        Assert.SkipUnless(OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", $"size={size},mode=700", "none", path), "No small disk can be made here.");
        return new SmallDisk(path);
    }

    public void Resize(string size) => Assert.True(Run("mount", "-o", $"remount,size={size}", _path));

    /// <summary>Takes all the space there is.</summary>
    public void Fill()
    {
        byte[] page = new byte[4096];
        using FileStream filler = File.Open(Filler, FileMode.Append);
        try
        {
            while (true)
            {
                filler.Write(page);
                filler.Flush();
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    public void Empty() => File.Delete(Filler);

    public void Dispose() => Run("umount", _path);

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            return process.WaitForExit(TimeSpan.FromSeconds(10)) && process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
