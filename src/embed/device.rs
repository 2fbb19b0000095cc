//! Where a model runs, and which device is taken: the order of `auto`, what a machine lacks, what was refused and why.
//! Invariant: the CPU is always last, so that work goes on; a device that was asked for and is missing is said. Must not know
//! the runtime: it is handed in.

use serde::{Deserialize, Serialize};

use super::EmbedError;

/// A kind of device, as a provider of ONNX Runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Device {
    Cuda,
    TensorRt,
    MiGraphX,
    CoreMl,
    DirectMl,
    OpenVino,
    Cpu,
}

impl Device {
    /// In the order of `auto`.
    pub const ALL: [Device; 7] = [
        Device::Cuda,
        Device::TensorRt,
        Device::MiGraphX,
        Device::CoreMl,
        Device::DirectMl,
        Device::OpenVino,
        Device::Cpu,
    ];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Device::Cuda => "CUDA",
            Device::TensorRt => "TensorRT",
            Device::MiGraphX => "MIGraphX",
            Device::CoreMl => "CoreML",
            Device::DirectMl => "DirectML",
            Device::OpenVino => "OpenVINO",
            Device::Cpu => "CPU",
        }
    }

    /// The device that the setting names, which may do so in another library's words; none: `auto`.
    pub fn from_setting(text: &str) -> Option<Self> {
        match text {
            "mps" => Some(Device::CoreMl),
            "rocm" => Some(Device::MiGraphX),
            _ => Self::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(text)),
        }
    }

    /// Whether Portolan has run a model there; the others are built in and wait for such a machine.
    pub fn has_been_run(self) -> bool {
        self == Device::Cpu
    }

    pub fn is_gpu(self) -> bool {
        !matches!(self, Device::Cpu | Device::OpenVino)
    }
}

/// Which devices may be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// None: `auto`.
    pub device: Option<Device>,
    /// Devices on which a process has died.
    pub without: Vec<Device>,
    /// `embeddings.enable_gpu` is off.
    pub no_gpu: bool,
}

/// A device that was tried in vain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub device: Device,
    pub why: String,
}

/// What came of the choice.
#[derive(Debug)]
pub struct Chosen<T> {
    pub device: Device,
    pub engine: T,
    pub refused: Vec<Refusal>,
}

/// Takes the first device on which `open` succeeds: of `auto` all in order, else the one asked for and then the CPU.
///
/// # Errors
/// Not even the CPU runs it: what that said.
pub fn choose<T>(
    wanted: &Wanted,
    mut open: impl FnMut(Device) -> Result<T, EmbedError>,
) -> Result<Chosen<T>, EmbedError> {
    let asked: Vec<Device> = match wanted.device {
        Some(Device::Cpu) => vec![Device::Cpu],
        Some(device) => vec![device, Device::Cpu],
        None => Device::ALL.into_iter().filter(|it| !(wanted.no_gpu && it.is_gpu())).collect(),
    };
    let mut refused = Vec::new();
    for device in asked {
        if device != Device::Cpu && wanted.without.contains(&device) {
            refused.push(Refusal { device, why: "the process that ran it there died".into() });
            continue;
        }
        match open(device) {
            Ok(engine) => return Ok(Chosen { device, engine, refused }),
            Err(error) if device == Device::Cpu => return Err(error),
            Err(EmbedError(why)) => refused.push(Refusal { device, why: short(&why) }),
        }
    }
    Err(EmbedError("no device is left to run the model".into()))
}

/// The first line, without what a runtime adds of its own sources.
fn short(why: &str) -> String {
    let line = why.lines().next().unwrap_or("").trim();
    line.chars().take(240).collect()
}

/// What is said of a device that was asked for and is missing; nothing where `auto` went on to the next.
pub fn complaint(wanted: &Wanted, ran: Device, refused: &[Refusal]) -> Option<String> {
    let asked = wanted.device.filter(|it| *it != ran)?;
    let why = refused.iter().find(|it| it.device == asked).map_or("", |it| &it.why);
    Some(format!(
        "embeddings.device asks for {}, which is not to be had: {why}; the model runs on the {} until that is mended",
        asked.name(),
        ran.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that has only `there`.
    fn on(there: &[Device], wanted: &Wanted) -> (Vec<Device>, Result<Chosen<Device>, EmbedError>) {
        let mut tried = Vec::new();
        let res = choose(wanted, |device| {
            tried.push(device);
            let missing = || EmbedError(format!("no {}\nat line 7", device.name()));
            there.contains(&device).then_some(device).ok_or_else(missing)
        });
        (tried, res)
    }

    #[test]
    fn auto_takes_the_first_that_there_is() {
        for (at, &device) in Device::ALL.iter().enumerate() {
            let (tried, res) = on(&Device::ALL[at..], &Wanted::default());
            let res = res.unwrap();
            assert_eq!((res.device, res.engine, tried.len(), res.refused.len()), (device, device, at + 1, at));
            assert!(res.refused.iter().all(|it| it.why == format!("no {}", it.device.name())));
            assert_eq!(complaint(&Wanted::default(), res.device, &res.refused), None);
        }
    }

    #[test]
    fn one_that_is_asked_for_and_missing_is_said_and_the_cpu_goes_on() {
        let wanted = Wanted { device: Some(Device::Cuda), ..Wanted::default() };
        let (tried, res) = on(&[Device::MiGraphX, Device::Cpu], &wanted);
        let res = res.unwrap();
        assert_eq!((tried, res.device), (vec![Device::Cuda, Device::Cpu], Device::Cpu));
        let said = complaint(&wanted, res.device, &res.refused).unwrap();
        assert!(said.contains("asks for CUDA") && said.contains("no CUDA") && said.contains("on the CPU"), "{said}");
        let (_, there) = on(&[Device::Cuda, Device::Cpu], &wanted);
        assert_eq!(complaint(&wanted, there.unwrap().device, &[]), None);
    }

    #[test]
    fn a_device_on_which_a_process_died_is_not_tried_again() {
        let wanted = Wanted { without: vec![Device::Cuda, Device::Cpu], ..Wanted::default() };
        let (tried, res) = on(&[Device::Cuda, Device::Cpu], &wanted);
        assert!(!tried.contains(&Device::Cuda));
        let res = res.unwrap();
        assert_eq!(res.device, Device::Cpu);
        assert!(res.refused[0].why.contains("died"));
    }

    #[test]
    fn without_gpus_none_is_tried() {
        let wanted = Wanted { no_gpu: true, ..Wanted::default() };
        assert_eq!(on(&[Device::Cpu], &wanted).0, [Device::OpenVino, Device::Cpu]);
        assert_eq!(on(&[], &Wanted::default()).1.unwrap_err().0, "no CPU\nat line 7");
    }

    #[test]
    fn settings_name_devices_in_several_words() {
        let names: Vec<_> =
            ["auto", "cuda", "tensorrt", "migraphx", "rocm", "coreml", "mps", "directml", "openvino", "cpu"]
                .map(|it| Device::from_setting(it).map(Device::name))
                .into();
        let none = None;
        assert_eq!(
            names,
            [
                none,
                Some("CUDA"),
                Some("TensorRT"),
                Some("MIGraphX"),
                Some("MIGraphX"),
                Some("CoreML"),
                Some("CoreML"),
                Some("DirectML"),
                Some("OpenVINO"),
                Some("CPU")
            ]
        );
    }
}
