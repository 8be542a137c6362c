using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>The few functions of libzmq, the reference implementation, that the conformance tests need.</summary>
internal static class LibZmq
{
    public const string Missing = "libzmq with CURVE is not installed (Debian and Ubuntu: apt-get install libzmq5), so conformance with it was not tested.";

    public const int Rep = 4;
    public const int Dealer = 5;
    public const int Router = 6;
    public const int SendMore = 2;

    private const string Name = "pantry-libzmq";

    private static readonly IntPtr Library = Load();

    public static bool IsPresent => Library != IntPtr.Zero && Has("curve\0"u8.ToArray()) == 1;

    [DllImport(Name, EntryPoint = "zmq_ctx_new")]
    public static extern IntPtr NewContext();

    [DllImport(Name, EntryPoint = "zmq_ctx_shutdown")]
    public static extern int ShutDown(IntPtr context);

    [DllImport(Name, EntryPoint = "zmq_ctx_term")]
    public static extern int Terminate(IntPtr context);

    [DllImport(Name, EntryPoint = "zmq_socket")]
    public static extern IntPtr NewSocket(IntPtr context, int type);

    [DllImport(Name, EntryPoint = "zmq_close")]
    public static extern int Close(IntPtr socket);

    [DllImport(Name, EntryPoint = "zmq_setsockopt")]
    public static extern int SetOption(IntPtr socket, int option, byte[] value, nint length);

    [DllImport(Name, EntryPoint = "zmq_getsockopt")]
    public static extern int GetOption(IntPtr socket, int option, byte[] value, ref nint length);

    [DllImport(Name, EntryPoint = "zmq_bind")]
    public static extern int Bind(IntPtr socket, byte[] address);

    [DllImport(Name, EntryPoint = "zmq_connect")]
    public static extern int Connect(IntPtr socket, byte[] address);

    [DllImport(Name, EntryPoint = "zmq_send", SetLastError = true)]
    public static extern int Send(IntPtr socket, byte[] data, nint length, int flags);

    [DllImport(Name, EntryPoint = "zmq_recv", SetLastError = true)]
    public static extern int Receive(IntPtr socket, byte[] buffer, nint length, int flags);

    public static byte[] Text(string text) => Encoding.ASCII.GetBytes(text + '\0');

    [DllImport(Name, EntryPoint = "zmq_has")]
    private static extern int Has(byte[] capability);

    private static IntPtr Load()
    {
        IntPtr library = IntPtr.Zero;
        foreach (string name in (string[])["libzmq.so.5", "libzmq"])
        {
            if (NativeLibrary.TryLoad(name, out library))
                break;
        }

        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name == Name ? library : IntPtr.Zero);
        return library;
    }
}
